-- The files of the archive that hold events.
-- grain: one row per file
select file_id as "fileId", archive, path, topic, partition, events, warehouse
from medallion.archive_files
where archived_at is not null
order by file_id
