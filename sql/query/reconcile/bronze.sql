-- What bronze and its archive hold of the partitions $1, $2 from the offsets $3 on, and how much of that below the watermarks
-- $4.
-- grain: one row per partition
with asked as (
    select *
    from unnest($1::text[], $2::integer[], $3::bigint[], $4::bigint[])
        as asked (topic, partition, from_offset, promoted_to)
),

-- A range has an event at every offset: whole, it counts as it is recorded; cut by either limit, offset by offset.
archived as (
    select
        asked.topic,
        asked.partition,
        sum(parts.to_offset - parts.from_offset) as events,
        sum(greatest(parts.promoted_to - parts.from_offset, 0)) as promoted,
        sum(
            case
                when parts.from_offset = ranges.from_offset and parts.promoted_to = ranges.to_offset then ranges.checksum
                else (
                    select coalesce(sum(hashint8extended(numbers."offset", 0)), 0)
                    from generate_series(parts.from_offset, parts.promoted_to - 1) as numbers ("offset")
                )
            end
        ) as checksum,
        min(parts.from_offset) as first_offset
    from asked
    inner join medallion.archived_ranges as ranges
        on
            asked.topic = ranges.topic
            and asked.partition = ranges.partition
            and asked.from_offset < ranges.to_offset
    cross join lateral (
        select
            greatest(ranges.from_offset, asked.from_offset) as from_offset,
            ranges.to_offset,
            least(ranges.to_offset, asked.promoted_to) as promoted_to
    ) as parts
    group by asked.topic, asked.partition
)

select
    asked.topic,
    asked.partition,
    held.events + coalesce(archived.events, 0) as events,
    held.promoted + coalesce(archived.promoted, 0) as promoted,
    held.checksum + coalesce(archived.checksum, 0) as checksum,
    least(held.first_offset, archived.first_offset) as first_offset
from asked
cross join lateral (
    select
        count(*) as events,
        count(*) filter (where "offset" < asked.promoted_to) as promoted,
        coalesce(sum(hashint8extended("offset", 0)) filter (where "offset" < asked.promoted_to), 0) as checksum,
        min("offset") as first_offset
    from bronze.events
    where
        events.topic = asked.topic
        and events.partition = asked.partition
        and events."offset" >= asked.from_offset
) as held
left join archived using (topic, partition)
