-- What silver rejected of each topic in run $1: how many of how many events, the commonest reason, and the beginnings of
-- the first ones as lines. The quarantine is read by its key, so the cost follows the run.
-- grain: one row per topic of which an event was rejected
with ranges as (
    select topic, partition, from_offset, to_offset, events
    from medallion.run_partitions
    where run_id = $1
),

rejected as (
    select quarantine.topic, quarantine.partition, quarantine."offset", quarantine.reason, quarantine.raw
    from ranges
    inner join bronze.quarantine
        on
            ranges.topic = quarantine.topic
            and ranges.partition = quarantine.partition
            and quarantine."offset" >= ranges.from_offset
            and quarantine."offset" < ranges.to_offset
    where quarantine.run_id = $1 and quarantine.stage = 'silver'
),

counted as (
    select topic, count(*) as events, mode() within group (order by reason) as reason
    from rejected
    group by topic
)

select
    counted.topic,
    (select sum(ranges.events) from ranges where ranges.topic = counted.topic) as events,
    counted.events as rejected,
    counted.reason,
    beginning.sample
from counted
cross join lateral (
    select
        encode(
            string_agg(substring(first.raw for 4096), '\x0a'::bytea order by first.partition, first."offset"),
            'base64'
        ) as sample
    from (
        select rejected.partition, rejected."offset", rejected.raw
        from rejected
        where rejected.topic = counted.topic
        order by rejected.partition, rejected."offset"
        limit 20
    ) as first
) as beginning
order by counted.topic
