-- The bytes of several events.
-- grain: one row per event, in the order asked for
-- parameters: $1 topics, $2 partitions, $3 offsets
select n, raw
from unnest($1::text[], $2::integer[], $3::bigint[]) with ordinality as places (topic, partition, "offset", n)
inner join bronze.quarantine using (topic, partition, "offset")
order by n
