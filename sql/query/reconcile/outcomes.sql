-- What became of the events of the partitions $1, $2 from the offsets $3 on; of a partition not named, of all of them.
-- grain: one row per partition and outcome
with asked as (
    select *
    from unnest($1::text[], $2::integer[], $3::bigint[]) as asked (topic, partition, from_offset)
)

select
    facts.topic,
    facts.partition,
    'current' as outcome,
    count(*) as events,
    sum(hashint8extended(facts."offset", 0)) as checksum
from silver.fact_transactions as facts
left join asked on facts.topic = asked.topic and facts.partition = asked.partition
where facts."offset" >= coalesce(asked.from_offset, facts."offset")
group by facts.topic, facts.partition
union all
select
    discarded.topic,
    discarded.partition,
    discarded.outcome,
    count(*) as events,
    sum(hashint8extended(discarded."offset", 0)) as checksum
from silver.discarded_events as discarded
left join asked on discarded.topic = asked.topic and discarded.partition = asked.partition
where discarded."offset" >= coalesce(asked.from_offset, discarded."offset")
group by discarded.topic, discarded.partition, discarded.outcome
union all
select
    skipped.topic,
    skipped.partition,
    'skipped' as outcome,
    count(*) as events,
    sum(hashint8extended(skipped."offset", 0)) as checksum
from medallion.skipped_events as skipped
left join asked on skipped.topic = asked.topic and skipped.partition = asked.partition
where skipped."offset" >= coalesce(asked.from_offset, skipped."offset")
group by skipped.topic, skipped.partition
union all
select
    deferred.topic,
    deferred.partition,
    'deferred' as outcome,
    count(*) as events,
    sum(hashint8extended(deferred."offset", 0)) as checksum
from medallion.unjudged_events as deferred
left join asked on deferred.topic = asked.topic and deferred.partition = asked.partition
where deferred."offset" >= coalesce(asked.from_offset, deferred."offset")
group by deferred.topic, deferred.partition
