-- DuckDB: events of the archive at some places, every value as text. Files of an older version have fewer columns.
select
    topic,
    partition::text as partition,
    "offset"::text as "offset",
    key,
    produced_at::text as produced_at,
    ingested_at::text as ingested_at,
    run_id::text as run_id,
    value,
    format,
    schema_id::text as schema_id
from (
    select * from {archive}
    union all by name
    select null::text as format, null::integer as schema_id where false
)
where (topic, partition, "offset") in (values {places})
