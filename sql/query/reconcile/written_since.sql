-- Where in each partition the events begin that were ingested since $1. Ingest writes in the order of offsets, so the
-- place is found by halving: some twenty looks at the primary key, however long the partition is.
-- grain: one row per partition
with recursive search as (
    select topic, partition, cast(0 as bigint) as low, next_offset as high
    from medallion.offsets
    union all
    -- The first row from the middle on tells in which half the place lies.
    select
        search.topic,
        search.partition,
        case when probe.ingested_at < $1 then probe."offset" + 1 else search.low end,
        case when probe.ingested_at < $1 then search.high else middle."offset" end
    from search
    cross join lateral (select (search.low + search.high) / 2 as "offset") as middle
    left join lateral (
        select events."offset", events.ingested_at
        from bronze.events
        where
            events.topic = search.topic
            and events.partition = search.partition
            and events."offset" >= middle."offset"
            and events."offset" < search.high
        order by events."offset"
        limit 1
    ) as probe on true
    where search.low < search.high
)

select topic, partition, low as from_offset
from search
where low = high
