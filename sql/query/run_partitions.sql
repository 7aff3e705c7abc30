-- What a run wrote, ingested or promoted.
-- grain: one row per partition
-- parameters: $1 run
select topic, partition, from_offset, to_offset, events
from medallion.run_partitions
where run_id = $1::bigint
order by topic, partition
