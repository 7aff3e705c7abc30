-- What the quarantine holds of the partitions $1, $2 from the offsets $3 on, $4 being the watermarks. Of the events that
-- silver refused those count that it accounts for: not one that a refresh has yet to judge again, and of the replayed
-- ones none that was pruned.
-- grain: one row per partition and stage
with asked as (
    select *
    from unnest($1::text[], $2::integer[], $3::bigint[], $4::bigint[])
        as asked (topic, partition, from_offset, promoted_to)
),

refused as (
    select
        quarantine.topic,
        quarantine.partition,
        quarantine."offset",
        quarantine.stage,
        quarantine.status = 'replayed' as is_replayed,
        quarantine."offset" < asked.promoted_to as is_promoted,
        -- A lookup by key for each (the limit keeps it one, whatever the planner believes of the sizes).
        (
            select true
            from bronze.events
            where
                events.topic = quarantine.topic
                and events.partition = quarantine.partition
                and events."offset" = quarantine."offset"
            limit 1
        ) is not null
        or medallion.is_archived(quarantine.topic, quarantine.partition, quarantine."offset") as is_in_bronze
    from bronze.quarantine
    inner join asked
        on
            quarantine.topic = asked.topic
            and quarantine.partition = asked.partition
            and quarantine."offset" >= asked.from_offset
)

select
    topic,
    partition,
    stage,
    count(*) as events,
    coalesce(sum(hashint8extended("offset", 0)), 0) as checksum,
    min("offset") as first_offset,
    count(*) filter (where stage = 'ingest' and is_replayed and is_in_bronze) as replayed_to_bronze,
    count(*) filter (where stage = 'silver' and is_replayed) as replayed
from refused
where
    stage = 'ingest'
    or (is_replayed and is_in_bronze and is_promoted)
    or (not is_replayed and (is_promoted or not is_in_bronze))
group by topic, partition, stage
