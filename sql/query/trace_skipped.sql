-- The run that skipped an event, and the source that leaves it out.
-- grain: one row, or none
-- parameters: $1 topic, $2 partition, $3 offset
select skipped_events.run_id, topic_sources.source
from medallion.skipped_events
left join medallion.topic_sources using (topic)
where
    skipped_events.topic = $1
    and skipped_events.partition = $2::integer
    and skipped_events."offset" = $3::bigint
