-- The events of partition $1, $2 from offset $3 on that make bronze and silver differ, $4 being the watermark.
--   lost: promoted, and nowhere in silver. unknown: in silver, and bronze never had it, or has it no more.
--   twice: accounted for more than once. early: in silver, though the watermark has not come to it.
-- grain: one row per kind, with the first $5 offsets
with held as (
    select "offset", 1 as in_bronze, 0 as accounted, 0 as replayed, cast(null as timestamptz) as produced_at
    from bronze.events
    where topic = $1 and partition = $2 and "offset" >= $3
    union all
    select generate_series(greatest(from_offset, $3), to_offset - 1), 1, 0, 0, null
    from medallion.archived_ranges
    where topic = $1 and partition = $2 and to_offset > $3
    union all
    select "offset", 0, 1, 0, produced_at
    from silver.fact_transactions
    where topic = $1 and partition = $2 and "offset" >= $3
    union all
    select "offset", 0, 1, 0, produced_at
    from silver.discarded_events
    where topic = $1 and partition = $2 and "offset" >= $3
    union all
    select "offset", 0, 1, 0, produced_at
    from medallion.skipped_events
    where topic = $1 and partition = $2 and "offset" >= $3
    union all
    select "offset", 0, 1, 0, cast(null as timestamptz)
    from medallion.unjudged_events
    where topic = $1 and partition = $2 and "offset" >= $3
    union all
    -- Rejected, replayed, and in silver now: that is once. What a refresh has yet to judge again is not accounted for.
    select "offset", 0, 1, case when status = 'replayed' then 1 else 0 end, produced_at
    from bronze.quarantine
    cross join lateral (
        select
            (
                select true
                from bronze.events
                where topic = $1 and partition = $2 and events."offset" = quarantine."offset"
                limit 1
            ) is not null
            or medallion.is_archived($1, $2, quarantine."offset") as is_in_bronze
    ) as looked_up
    where
        topic = $1
        and partition = $2
        and "offset" >= $3
        and stage = 'silver'
        and case status when 'replayed' then is_in_bronze and "offset" < $4 else "offset" < $4 or not is_in_bronze end
),

events as (
    select
        "offset",
        sum(in_bronze) as in_bronze,
        sum(accounted) as accounted,
        sum(replayed) as replayed,
        min(produced_at) as produced_at
    from held
    group by "offset"
),

strays as (
    select
        "offset",
        case
            when in_bronze > 0 and accounted = 0 and "offset" < $4 then 'lost'
            when in_bronze = 0 and not medallion.is_pruned($1, $2, "offset", produced_at) then 'unknown'
            when accounted - replayed > 1 then 'twice'
            when in_bronze > 0 and accounted > 0 and "offset" >= $4 then 'early'
        end as kind
    from events
    where in_bronze <> 1 or accounted <> 1 or "offset" >= $4
),

numbered as (
    select
        kind,
        "offset",
        row_number() over (partition by kind order by "offset") as number,
        count(*) over (partition by kind) as events
    from strays
    where kind is not null
)

select kind, max(events) as events, json_agg("offset"::text order by "offset") filter (where number <= $5) as offsets
from numbered
group by kind
order by kind
