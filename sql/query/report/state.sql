-- How fresh and how whole the data is.
-- grain: one row
with last_day as (
    select max(transaction_key) >> 40 << 40 as first_key from silver.fact_transactions
),

-- What bronze holds beyond each partition's watermark, by ranges of the primary key: the cost is that of the backlog.
waiting as (
    select coalesce(sum(backlog.events), 0) as events
    from medallion.offsets
    left join medallion.watermarks using (topic, partition)
    cross join lateral (
        select count(*) as events
        from bronze.events
        where
            events.topic = offsets.topic
            and events.partition = offsets.partition
            and events."offset" >= coalesce(watermarks.next_offset, 0)
    ) as backlog
),

last_promote as (
    select started_at, outcome
    from medallion.runs
    where command = 'promote'
    order by run_id desc
    limit 1
),

last_done as (
    select finished_at
    from medallion.runs
    where command = 'promote' and outcome = 'done'
    order by run_id desc
    limit 1
)

select
    (
        select max(event_timestamp) from silver.fact_transactions
        where transaction_key >= (select first_key from last_day)
    ) as last_event_at,
    (select max(last_produced_at) from medallion.offsets) as last_ingested_at,
    (select coalesce(sum(ingested_events), 0) from medallion.offsets) as ingested_events,
    (select events from waiting) as waiting_events,
    (select count(*) from medallion.stale_dates) as waiting_days,
    (select count(*) from bronze.quarantine where status = 'open') as quarantined_events,
    (select finished_at from last_done) as last_promoted_at,
    (select started_at from last_promote) as last_promote_started_at,
    (select outcome from last_promote) as last_promote_outcome
