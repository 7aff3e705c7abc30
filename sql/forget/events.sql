-- Events of bronze that may be of the customer $1: those that hold the id, those that may hold it in escapes, and those at
-- places ($2, $3, $4).
select topic, partition, "offset", value
from bronze.events
where
    position($1::text in value) > 0
    or position('\' in value) > 0
    or (topic, partition, "offset") in (select * from unnest($2::text [], $3::integer [], $4::bigint []))
