-- The chosen events in the order of the log, those behind a place.
-- grain: one row per event
-- parameters: $1 rows; $2 topic, $3 partition, $4 offset, null for the first page
select
    topic,
    partition,
    "offset",
    reason,
    field,
    detail,
    octet_length(raw) as bytes
from chosen
where $2::text is null or (topic, partition, "offset") > ($2, $3::integer, $4::bigint)
order by topic, partition, "offset"
limit $1
