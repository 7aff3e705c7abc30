-- The first row of a partition that nothing was read of.
insert into medallion.offsets (topic, partition, next_offset, source, position)
values ($1, $2, $3, $4, $5)
on conflict do nothing
