-- Offsets that had expired in the log before the run came to them.
-- grain: one row per gap
-- parameters: $1 run
select topic, partition, from_offset, to_offset
from medallion.offset_gaps
where run_id = $1::bigint
order by topic, partition, from_offset
