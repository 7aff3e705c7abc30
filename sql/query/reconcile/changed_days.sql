-- UTC days that may have changed since $4: days of the events of the partitions $1, $2 from the offsets $3 on, days that
-- were restated, and days that gold has yet to publish.
-- grain: one row per day
with asked as (
    select *
    from unnest($1::text[], $2::integer[], $3::bigint[]) as asked (topic, partition, from_offset)
)

select date_key
from silver.fact_transactions
inner join asked using (topic, partition)
where "offset" >= asked.from_offset
union
select date_key
from silver.discarded_events
inner join asked using (topic, partition)
where "offset" >= asked.from_offset
union
select date_key from gold.restatements where restated_at >= $4
union
select date_key from medallion.stale_dates
