-- Files that were begun, and whether bronze still has events of theirs.
select
    f.file_id as "fileId",
    f.archive,
    f.path,
    f.topic,
    f.partition,
    f.from_offset as "from",
    f.to_offset as "to",
    f.warehouse,
    exists (
        select
        from bronze.events as e
        where
            e.topic = f.topic
            and e.partition = f.partition
            and e."offset" >= f.from_offset
            and e."offset" < f.to_offset
    ) as "isThere"
from medallion.archive_files as f
where f.archived_at is null
order by f.file_id
