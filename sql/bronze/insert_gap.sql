insert into medallion.offset_gaps (topic, partition, from_offset, to_offset, run_id)
values ($1, $2, $3, $4, $5)
on conflict do nothing
