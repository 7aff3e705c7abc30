-- A piece of the bytes of an event.
-- grain: one row
-- parameters: $1 topic, $2 partition, $3 offset, $4 the first byte, from 1, $5 how many
select substring(raw from $4::integer for $5::integer) as piece
from bronze.quarantine
where topic = $1 and partition = $2::integer and "offset" = $3::bigint
