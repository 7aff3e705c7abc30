-- The events that the next file of partition $1, $2 takes: as plan.sql means them, $3 being the moment; at most $4 of them,
-- and $5 bytes of their values.
-- grain: one row, with 0 events when nothing is left to move
with ahead as (
    select
        events."offset",
        octet_length(events.value) as bytes,
        least(events.produced_at, events.ingested_at) >= $3 as is_young
    from bronze.events
    inner join medallion.watermarks using (topic, partition)
    where events.topic = $1 and events.partition = $2 and events."offset" < watermarks.next_offset
    order by events."offset"
    limit $4
),

measured as (
    select
        "offset",
        row_number() over so_far as number,
        sum(bytes) over so_far as bytes,
        bool_or(is_young) over so_far as is_behind_young
    from ahead
    window so_far as (order by "offset" rows unbounded preceding)
)

select
    count(*) as events,
    coalesce(max(bytes), 0) as bytes,
    min("offset") as "from",
    max("offset") + 1 as "to"
from measured
where not is_behind_young and (number = 1 or bytes <= $5)
