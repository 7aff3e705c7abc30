-- Every accepted event of a transaction, the one that counts first.
-- grain: one row per event
-- parameters: $1 transaction id
with known as (
    select
        'current' as outcome,
        topic,
        partition,
        "offset",
        event_timestamp,
        date_key,
        produced_at,
        run_id
    from silver.fact_transactions
    where transaction_id = $1
    union all
    select
        outcome,
        topic,
        partition,
        "offset",
        event_timestamp,
        date_key,
        produced_at,
        run_id
    from silver.discarded_events
    where transaction_id = $1
)

select
    known.outcome,
    known.topic,
    known.partition,
    known."offset",
    known.event_timestamp,
    known.date_key,
    known.produced_at,
    events.ingested_at,
    events.run_id as ingest_run,
    known.run_id as promote_run
from known
left join bronze.events as events
    on
        known.topic = events.topic
        and known.partition = events.partition
        and known."offset" = events."offset"
order by {newest_first}
limit 1000
