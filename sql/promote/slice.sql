-- The longest run of events of partition $1, $2 from offset $3 up to $4 that has at most $5 events and $6 bytes of values,
-- those of more than $7 bytes counted $8 times; the first event, or the first range of the archive, however large.
-- grain: one row
with waiting as (
    (
        select
            "offset" + 1 as to_offset,
            1 as events,
            octet_length(value) * case when octet_length(value) > $7 then $8::bigint else 1 end as weight
        from bronze.events
        where topic = $1 and partition = $2 and "offset" >= $3 and "offset" < $4
        order by "offset"
        limit $5
    )
    union all
    -- A range that the backlog begins within counts by its part.
    (
        select
            to_offset,
            to_offset - greatest(from_offset, $3) as events,
            weight * (to_offset - greatest(from_offset, $3)) / (to_offset - from_offset) as weight
        from medallion.archived_ranges
        where
            topic = $1
            and partition = $2
            and to_offset > $3
            -- By the key: the ranges before the one that the backlog begins within are passed over.
            and from_offset >= coalesce(
                (
                    select max(before.from_offset)
                    from medallion.archived_ranges as before
                    where before.topic = $1 and before.partition = $2 and before.from_offset <= $3
                ),
                $3
            )
            and from_offset < $4
        order by from_offset
        limit $5
    )
),

measured as (
    select
        to_offset,
        row_number() over so_far as number,
        sum(events) over so_far as events,
        sum(weight) over so_far as weight
    from waiting
    window so_far as (order by to_offset rows unbounded preceding)
),

slice as (
    select
        coalesce(max(events), 0) as events,
        coalesce(max(weight), 0) as bytes,
        max(to_offset) as to_offset
    from measured
    where number = 1 or (events <= $5 and weight <= $6)
)

select
    slice.events,
    slice.bytes,
    slice.to_offset as "to",
    (
        slice.to_offset is not null
        and (
            exists (
                select from bronze.events
                where topic = $1 and partition = $2 and "offset" >= slice.to_offset and "offset" < $4
            )
            or exists (
                select from medallion.archived_ranges
                where topic = $1 and partition = $2 and from_offset >= slice.to_offset and from_offset < $4
            )
        )
    )::text as has_more
from slice
