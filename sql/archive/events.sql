-- What a file of the archive holds.
select
    topic, partition, "offset", key, key_bytes, value, headers, produced_at, format, schema_id, ingested_at, run_id
from bronze.events
where topic = {topic} and partition = {partition} and "offset" >= {from} and "offset" < {to}
order by "offset"
