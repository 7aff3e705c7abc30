-- events that silver rejected, and that were replayed at their own place and are in silver now, or skipped: they
-- count there.
-- grain: one row per partition
select
    quarantine.topic,
    quarantine.partition,
    count(*) as events,
    sum(hashint8extended(quarantine."offset", 0)) as checksum
from bronze.quarantine
inner join (
    select topic, partition, "offset" from silver.fact_transactions
    union
    select topic, partition, "offset" from silver.discarded_events
    union
    select topic, partition, "offset" from medallion.skipped_events
) as accepted using (topic, partition, "offset")
inner join unnest($1::text[], $2::integer[], $3::bigint[], $4::bigint[])
    as asked (topic, partition, from_offset, promoted_to)
    on
        quarantine.topic = asked.topic
        and quarantine.partition = asked.partition
        and quarantine."offset" >= asked.from_offset
        and quarantine."offset" < asked.promoted_to
where
    quarantine.stage = 'silver'
    and quarantine.status = 'replayed'
    -- A lookup by key for each (the limit keeps it one, whatever the planner believes of the sizes).
    and (
        (
            select true
            from bronze.events
            where
                events.topic = quarantine.topic
                and events.partition = quarantine.partition
                and events."offset" = quarantine."offset"
            limit 1
        ) is not null
        or medallion.is_archived(quarantine.topic, quarantine.partition, quarantine."offset")
    )
group by quarantine.topic, quarantine.partition
