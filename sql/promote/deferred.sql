-- The deferred events behind the place $1, $2, $3, at most $4 of them, each with the bytes of its value; of one that the
-- archive holds, with the mean of its range.
-- grain: one row per event
select
    deferred.topic,
    deferred.partition,
    deferred."offset",
    coalesce(in_bronze.bytes, archived.bytes) as bytes
from medallion.deferred_events as deferred
left join lateral (
    select octet_length(events.value) as bytes
    from bronze.events
    where
        events.topic = deferred.topic
        and events.partition = deferred.partition
        and events."offset" = deferred."offset"
    limit 1
) as in_bronze on true
left join lateral (
    select
        ranges.to_offset,
        ranges.weight / (ranges.to_offset - ranges.from_offset) as bytes
    from medallion.archived_ranges as ranges
    where
        ranges.topic = deferred.topic
        and ranges.partition = deferred.partition
        and ranges.from_offset <= deferred."offset"
    order by ranges.from_offset desc
    limit 1
) as archived on archived.to_offset > deferred."offset"
where
    (deferred.topic, deferred.partition, deferred."offset") > ($1, $2::integer, $3::bigint)
    and coalesce(in_bronze.bytes, archived.bytes) is not null
order by deferred.topic, deferred.partition, deferred."offset"
limit $4
