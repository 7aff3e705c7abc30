-- Files that hold events of ranges of offsets. By the key: of the ranges that begin before the one asked for only the last
-- may reach into it.
select ranges.file_id
from unnest($1::text [], $2::integer [], $3::bigint [], $4::bigint []) as asked (topic, partition, from_offset, to_offset)
cross join lateral (
    select file_id
    from medallion.archived_ranges
    where
        topic = asked.topic
        and partition = asked.partition
        and to_offset > asked.from_offset
        and from_offset < asked.to_offset
        and from_offset >= coalesce(
            (
                select max(earlier.from_offset)
                from medallion.archived_ranges as earlier
                where
                    earlier.topic = asked.topic
                    and earlier.partition = asked.partition
                    and earlier.from_offset <= asked.from_offset
            ),
            asked.from_offset
        )
) as ranges
