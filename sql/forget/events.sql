-- Events of bronze that may be of the customer $1: those that hold the id, their keys and headers included, those that may
-- hold it in escapes, and those at places ($2, $3, $4).
select
    topic,
    partition,
    "offset",
    value,
    key,
    key_bytes,
    headers
from bronze.events
where
    position($1::text in value) > 0
    or position('\' in value) > 0
    or position($1::text in key) > 0
    or position(convert_to($1::text, 'UTF8') in key_bytes) > 0
    or position($1::text in headers) > 0
    or (topic, partition, "offset") in (select * from unnest($2::text [], $3::integer [], $4::bigint []))
