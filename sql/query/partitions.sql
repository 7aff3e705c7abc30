-- How far each partition is read and promoted. The first event that waits is found by the primary key, of bronze or, while
-- silver is made again, of the archive; how many wait is
-- the distance from it to what is read, holes included, so nothing is counted.
-- grain: one row per partition
select
    offsets.topic,
    offsets.partition,
    offsets.next_offset as "nextOffset",
    (offsets.next_offset - coalesce(waiting."offset", offsets.next_offset))::double precision as count,
    coalesce(extract(epoch from now() - waiting.ingested_at), 0)::double precision as seconds,
    offsets.source,
    offsets.position,
    offsets.digest,
    coalesce(floor(extract(epoch from offsets.last_produced_at) * 1000), 0)::double precision as "readUpTo",
    floor(extract(epoch from offsets.updated_at) * 1000)::double precision as "updatedAt"
from medallion.offsets
left join medallion.watermarks using (topic, partition)
left join lateral (
    (
        select events."offset", events.ingested_at
        from bronze.events
        where
            events.topic = offsets.topic
            and events.partition = offsets.partition
            and events."offset" >= coalesce(watermarks.next_offset, 0)
            and events."offset" < offsets.next_offset
            and offsets.next_offset > coalesce(watermarks.next_offset, 0)
        order by events."offset"
        limit 1
    )
    union all
    (
        select greatest(ranges.from_offset, coalesce(watermarks.next_offset, 0)), files.archived_at
        from medallion.archived_ranges as ranges
        inner join medallion.archive_files as files using (file_id)
        where
            ranges.topic = offsets.topic
            and ranges.partition = offsets.partition
            and ranges.to_offset > coalesce(watermarks.next_offset, 0)
            -- By the key: of the ranges that begin before the watermark only the last may reach beyond it.
            and ranges.from_offset >= coalesce(
                (
                    select max(before.from_offset)
                    from medallion.archived_ranges as before
                    where
                        before.topic = offsets.topic
                        and before.partition = offsets.partition
                        and before.from_offset <= watermarks.next_offset
                ),
                coalesce(watermarks.next_offset, 0)
            )
        order by ranges.from_offset
        limit 1
    )
    order by 1
    limit 1
) as waiting on true
order by offsets.topic, offsets.partition
