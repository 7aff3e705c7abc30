-- Records the events that a batch skipped, and counts them. Its watermarks are there already.
with recorded as (
    insert into medallion.skipped_events (topic, partition, "offset", produced_at, run_id)
    select topic, partition, "offset", produced_at, {run_id}
    from pg_temp.skipped
    returning topic, partition
)

update medallion.watermarks as w
set skipped_events = w.skipped_events + counted.events
from (select topic, partition, count(*) as events from recorded group by topic, partition) as counted
where w.topic = counted.topic and w.partition = counted.partition
