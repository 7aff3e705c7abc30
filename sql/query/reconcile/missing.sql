-- Runs of offsets of partition $1, $2 from offset $3 up to $4 that neither bronze, its archive nor the quarantine has, and
-- that are not known to have expired.
-- grain: one row per run, the first $5
with held as (
    select "offset", "offset" + 1 as next_offset
    from bronze.events
    where topic = $1 and partition = $2 and "offset" >= $3 and "offset" < $4
    union all
    select greatest(from_offset, $3), least(to_offset, $4)
    from medallion.archived_ranges
    where topic = $1 and partition = $2 and to_offset > $3 and from_offset < $4
    union all
    select "offset", "offset" + 1
    from bronze.quarantine
    where topic = $1 and partition = $2 and "offset" >= $3 and "offset" < $4 and stage = 'ingest'
    union all
    select from_offset, to_offset
    from medallion.offset_gaps
    where topic = $1 and partition = $2 and to_offset > $3 and from_offset < $4
    union all
    select $4, $4
),

steps as (
    select
        lag(next_offset, 1, $3) over (order by "offset", next_offset) as from_offset,
        "offset" as to_offset
    from held
)

select from_offset as "from", to_offset as "to"
from steps
where from_offset < to_offset
order by from_offset
limit $5
