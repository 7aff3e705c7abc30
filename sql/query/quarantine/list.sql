-- The latest of the chosen events of the quarantine.
-- grain: one row per event
-- parameters: $1 rows
select
    topic,
    partition,
    "offset",
    reason,
    field,
    detail,
    stage,
    status,
    quarantined_at,
    octet_length(raw) as bytes
from chosen
order by quarantined_at desc, topic, partition, "offset" desc
limit $1
