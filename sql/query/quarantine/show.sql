-- All of a chosen event but its bytes.
-- grain: one row
select
    topic,
    partition,
    "offset",
    stage,
    reason,
    field,
    detail,
    status,
    produced_at,
    quarantined_at,
    resolved_at,
    run_id,
    octet_length(raw) as bytes
from chosen
