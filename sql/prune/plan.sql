-- What prune would remove of bronze: promoted events that the log took in before $1, without those that are open in the
-- quarantine.
-- grain: one row per partition that has any event as old
with old_events as (
    select
        events.topic,
        events.partition,
        count(*) as events,
        coalesce(sum(octet_length(events.value)), 0) as bytes,
        min(events."offset") as from_offset,
        max(events."offset") + 1 as to_offset
    from bronze.events
    inner join medallion.watermarks using (topic, partition)
    where events."offset" < watermarks.next_offset and events.produced_at < $1
    group by events.topic, events.partition
),

open_events as (
    select
        quarantine.topic,
        quarantine.partition,
        count(*) as events,
        coalesce(sum(held.bytes), 0) as bytes
    from bronze.quarantine
    inner join medallion.watermarks using (topic, partition)
    cross join lateral (
        select octet_length(events.value) as bytes
        from bronze.events
        where
            events.topic = quarantine.topic
            and events.partition = quarantine.partition
            and events."offset" = quarantine."offset"
            and events.produced_at < $1
        limit 1
    ) as held
    where
        quarantine.stage = 'silver'
        and quarantine.status = 'open'
        and quarantine."offset" < watermarks.next_offset
    group by quarantine.topic, quarantine.partition
)

select
    old_events.topic,
    old_events.partition,
    (old_events.events - coalesce(open_events.events, 0))::double precision as events,
    old_events.bytes - coalesce(open_events.bytes, 0) as bytes,
    old_events.from_offset as "fromOffset",
    old_events.to_offset as "toOffset",
    coalesce(open_events.events, 0)::double precision as "keptOpen"
from old_events
left join open_events using (topic, partition)
order by old_events.topic, old_events.partition
