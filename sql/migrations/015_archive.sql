-- Events that were moved from bronze.events to Parquet files. Each event is in one of the two.

create table medallion.archive_files (
    file_id bigint generated always as identity primary key,
    archive text not null,
    path text not null,
    topic text not null,
    partition integer not null,
    from_offset bigint not null,
    to_offset bigint not null,
    events bigint not null,
    bytes bigint not null,
    file_bytes bigint,
    warehouse text not null,
    run_id bigint not null,
    begun_at timestamptz not null default now(),
    archived_at timestamptz
);
create unique index on medallion.archive_files (archive, path);
comment on table medallion.archive_files is 'Parquet files with events that were moved out of bronze.events, with its columns';
comment on column medallion.archive_files.file_id is 'Number of the file';
comment on column medallion.archive_files.archive is 'The folder of the archive, or its place as s3://bucket/prefix';
comment on column medallion.archive_files.path is 'Where the file lies below it';
comment on column medallion.archive_files.topic is 'Topic, or the file that the events were read from';
comment on column medallion.archive_files.partition is 'Partition of the topic';
comment on column medallion.archive_files.from_offset is 'Offset of the first event';
comment on column medallion.archive_files.to_offset is 'First offset after the last event';
comment on column medallion.archive_files.events is 'Events in the file';
comment on column medallion.archive_files.bytes is 'Bytes of their values';
comment on column medallion.archive_files.file_bytes is 'Bytes of the file; null where they are not known';
comment on column medallion.archive_files.warehouse is 'The warehouse that wrote the file, so that a restored dump leaves it alone';
comment on column medallion.archive_files.run_id is 'The run of archive';
comment on column medallion.archive_files.begun_at is 'When the file was begun';
comment on column medallion.archive_files.archived_at is
'When its events left bronze.events; null while the file is being written, or when that was broken off';

create table medallion.archived_ranges (
    topic text not null,
    partition integer not null,
    from_offset bigint not null,
    to_offset bigint not null,
    file_id bigint not null references medallion.archive_files,
    weight bigint not null,
    checksum numeric not null,
    primary key (topic, partition, from_offset)
);
create index on medallion.archived_ranges (file_id);
comment on table medallion.archived_ranges is 'Offsets whose events the archive holds: every offset of a range has one';
comment on column medallion.archived_ranges.topic is 'Topic, or the file that the events were read from';
comment on column medallion.archived_ranges.partition is 'Partition of the topic';
comment on column medallion.archived_ranges.from_offset is 'First offset of the range';
comment on column medallion.archived_ranges.to_offset is 'First offset after the range';
comment on column medallion.archived_ranges.file_id is 'The file that holds its events';
comment on column medallion.archived_ranges.weight is
'Bytes of their values, those of large events several times: what the range counts for in the size of a batch';
comment on column medallion.archived_ranges.checksum is 'Sum of hashint8extended(offset, 0) over its offsets';

-- Ranges do not overlap, so the last one that begins at or before an offset is the only one that may hold it.
create function medallion.is_archived(of_topic text, of_partition integer, of_offset bigint)
returns boolean
language sql
stable
as $$
    select coalesce(
        (
            select to_offset > of_offset
            from medallion.archived_ranges
            where topic = of_topic and partition = of_partition and from_offset <= of_offset
            order by from_offset desc
            limit 1
        ),
        false
    )
$$;
comment on function medallion.is_archived is 'Whether the archive holds an event';
