-- What prune has removed from bronze: its counts stay, so that reconcile goes on to prove that nothing was lost.

create table medallion.pruned (
    topic text not null,
    partition integer not null,
    run_id bigint not null,
    from_offset bigint not null,
    to_offset bigint not null,
    produced_before timestamptz not null,
    current_events bigint not null,
    duplicate_events bigint not null,
    superseded_events bigint not null,
    refused_events bigint not null,
    bytes bigint not null,
    accepted_checksum numeric not null,
    refused_checksum numeric not null,
    in_silver boolean not null default true,
    pruned_at timestamptz not null default now(),
    primary key (topic, partition, run_id)
);
comment on table medallion.pruned is 'Events that prune removed from bronze.events, by partition and run; committed with their removal';
comment on column medallion.pruned.topic is 'Topic, or file';
comment on column medallion.pruned.partition is 'Partition of the topic';
comment on column medallion.pruned.run_id is 'The run of prune';
comment on column medallion.pruned.from_offset is 'Offset of the first event that was removed';
comment on column medallion.pruned.to_offset is 'First offset after the last event that was removed';
comment on column medallion.pruned.produced_before is 'Of the offsets in between, only events that the log took in before this were removed';
comment on column medallion.pruned.current_events is 'Removed events that were the current truth of their transaction at that time';
comment on column medallion.pruned.duplicate_events is 'Removed events that were duplicates';
comment on column medallion.pruned.superseded_events is 'Removed events that were superseded';
comment on column medallion.pruned.refused_events is 'Removed events that silver had refused, and that somebody had dismissed or replayed';
comment on column medallion.pruned.bytes is 'Bytes of the removed events';
comment on column medallion.pruned.accepted_checksum is 'Sum of hashint8extended(offset, 0) over the accepted events removed';
comment on column medallion.pruned.refused_checksum is 'The same over the refused ones';
comment on column medallion.pruned.in_silver is 'False once silver was made again without these events';
comment on column medallion.pruned.pruned_at is 'When the run first removed an event of the partition';

-- Of an event that bronze does not hold: whether that is so because it was pruned.
create function medallion.is_pruned(of_topic text, of_partition integer, of_offset bigint, of_produced_at timestamptz)
returns boolean
language sql
stable
as $$
    select exists (
        select from medallion.pruned
        where
            topic = of_topic
            and partition = of_partition
            and of_offset >= from_offset
            and of_offset < to_offset
            and of_produced_at < produced_before
    )
$$;
comment on function medallion.is_pruned is 'Whether an event that bronze does not hold was pruned';
