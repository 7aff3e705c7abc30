-- What the run $1 wrote to each partition.

insert into medallion.run_partitions (run_id, topic, partition, from_offset, to_offset, events)
select $1, w.topic, w.partition, w.from_offset, w.to_offset, w.events
from unnest($2::text[], $3::integer[], $4::bigint[], $5::bigint[], $6::bigint[])
    as w (topic, partition, from_offset, to_offset, events)
