-- One event as bronze has it.
-- grain: one row
-- parameters: $1 topic, $2 partition, $3 offset
select topic, partition, "offset", key, produced_at, ingested_at, run_id, format, schema_id, value
from bronze.events
where topic = $1 and partition = $2::integer and "offset" = $3::bigint
