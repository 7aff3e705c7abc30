-- The chosen events in the order of the log, with the bytes of those that are no larger than $1.
-- grain: one row per event
-- parameters: $1 bytes
select
    topic,
    partition,
    "offset",
    reason,
    field,
    detail,
    octet_length(raw) as bytes,
    case when octet_length(raw) <= $1 then raw end as raw
from chosen
order by topic, partition, "offset"
