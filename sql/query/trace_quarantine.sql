-- Rejected events that hold an id as a JSON string or a number anywhere, or stand at a place of the log. Without a place the cost is
-- that of the quarantine.
-- grain: one row per rejected event
-- parameters: $1 the id as JSON text; $2 topic, $3 partition, $4 offset; $5 a pattern of the id as a number, $6 the id itself; null
-- for none
select
    topic,
    partition,
    "offset",
    stage,
    reason,
    field,
    detail,
    status,
    quarantined_at,
    run_id
from bronze.quarantine
where
    position(convert_to($1, 'UTF8') in raw) > 0
    or (position(convert_to($6, 'UTF8') in raw) > 0 and encode(raw, 'escape') ~ $5)
    or (topic = $2 and partition = $3::integer and "offset" = $4::bigint)
order by quarantined_at, topic, partition, "offset"
limit 100
