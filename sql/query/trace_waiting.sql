-- Events beyond the watermarks that hold an id as a JSON string, or as a number: the cost is that of the backlog.
-- grain: one row per event
-- parameters: $1 the id as JSON text; $2 a pattern of it as a number, $3 the id itself; null for none
select
    'waiting' as outcome,
    events.topic,
    events.partition,
    events."offset",
    null::timestamptz as event_timestamp,
    null::date as date_key,
    events.produced_at,
    events.ingested_at,
    events.run_id as ingest_run,
    null::bigint as promote_run
from medallion.offsets
left join medallion.watermarks using (topic, partition)
-- The offset is a fence: else PostgreSQL would look for the id in all of bronze before it asks what waits.
cross join lateral (
    select *
    from bronze.events as waiting
    where
        waiting.topic = offsets.topic
        and waiting.partition = offsets.partition
        and waiting."offset" >= coalesce(watermarks.next_offset, 0)
        and waiting."offset" < offsets.next_offset
    offset 0
) as events
where
    offsets.next_offset > coalesce(watermarks.next_offset, 0)
    and (position($1 in events.value) > 0 or (position($3 in events.value) > 0 and events.value ~ $2))
order by events.produced_at, events.topic, events.partition, events."offset"
limit 100
