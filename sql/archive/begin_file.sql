-- Records a file before it is written, so that one that was begun is known.
insert into medallion.archive_files (
    archive, path, topic, partition, from_offset, to_offset, events, bytes, warehouse, run_id
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
returning file_id as "fileId"
