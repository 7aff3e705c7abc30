-- What came of the records of some topics.
-- grain: one row per topic
-- parameters: $1 topics
select
    topics.topic,
    coalesce(taken.records, 0) as records,
    (
        select count(*)
        from bronze.quarantine as q
        where q.topic = topics.topic and q.status = 'open'
    ) as rejected,
    coalesce(promoted.skipped, 0) as skipped
from unnest($1::text[]) as topics (topic)
left join lateral (
    select sum(o.ingested_events + o.quarantined_events) as records
    from medallion.offsets as o
    where o.topic = topics.topic
) as taken on true
left join lateral (
    select sum(w.skipped_events) as skipped
    from medallion.watermarks as w
    where w.topic = topics.topic
) as promoted on true
order by topics.topic
