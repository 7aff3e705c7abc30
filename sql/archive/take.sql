-- Takes the events of partition $1, $2 from offset $3 up to $4 out of bronze.events, and records that file $5 holds them, in
-- $6 bytes. A range has at most 2,000 events and some 4 MB of values, so that any batch can be cut from ranges; values
-- larger than $7 bytes count $8 times.
-- grain: one row, by which the file is compared with what was taken
with removed as (
    delete from bronze.events
    where topic = $1 and partition = $2 and "offset" >= $3 and "offset" < $4
    returning "offset", octet_length(value) as bytes
),

numbered as (
    select
        "offset",
        bytes * case when bytes > $7 then $8::bigint else 1 end as weight,
        "offset" - row_number() over (order by "offset") as stretch
    from removed
),

cut as (
    select
        "offset",
        weight,
        stretch,
        (row_number() over so_far - 1) / 2000 as thousands,
        (sum(weight) over so_far)::bigint / 4000000 as megabytes
    from numbered
    window so_far as (partition by stretch order by "offset" rows unbounded preceding)
),

ranges as (
    insert into medallion.archived_ranges (topic, partition, from_offset, to_offset, file_id, weight, checksum)
    select $1, $2, min("offset"), max("offset") + 1, $5, sum(weight), sum(hashint8extended("offset", 0))
    from cut
    group by stretch, thousands, megabytes
),

recorded as (
    update medallion.archive_files
    set
        from_offset = taken.from_offset,
        to_offset = taken.to_offset,
        events = taken.events,
        bytes = taken.bytes,
        file_bytes = $6,
        archived_at = now()
    from (
        select
            min("offset") as from_offset,
            max("offset") + 1 as to_offset,
            count(*) as events,
            sum(bytes) as bytes
        from removed
    ) as taken
    where archive_files.file_id = $5
)

select
    count(*) as events,
    coalesce(sum("offset"), 0) as offsets,
    coalesce(sum(bytes), 0) as bytes
from removed
