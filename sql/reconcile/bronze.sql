-- What bronze holds of the partitions $1, $2 from the offsets $3 on, and how much of that below the watermarks $4.
-- grain: one row per partition
select
    asked.topic,
    asked.partition,
    held.*
from unnest($1::text[], $2::integer[], $3::bigint[], $4::bigint[]) as asked (topic, partition, from_offset, promoted_to)
cross join lateral (
    select
        count(*) as events,
        count(*) filter (where "offset" < asked.promoted_to) as promoted,
        coalesce(sum(hashint8extended("offset", 0)) filter (where "offset" < asked.promoted_to), 0) as checksum,
        min("offset") as first_offset
    from bronze.events
    where
        events.topic = asked.topic
        and events.partition = asked.partition
        and events."offset" >= asked.from_offset
) as held
