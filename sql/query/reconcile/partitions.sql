-- Every partition that bronze or the metadata knows, with what is recorded of it.
-- grain: one row per partition
with recursive bronze_partitions as (
    (
        select topic, partition
        from bronze.events
        order by topic, partition
        limit 1
    )
    union all
    -- The next partition by the primary key, so that no partition is read through.
    select following.topic, following.partition
    from bronze_partitions
    cross join lateral (
        select topic, partition
        from bronze.events
        where (events.topic, events.partition) > (bronze_partitions.topic, bronze_partitions.partition)
        order by topic, partition
        limit 1
    ) as following
),

partitions as (
    select topic, partition from bronze_partitions
    union
    select topic, partition from medallion.offsets
    union
    select topic, partition from medallion.watermarks
    union
    select topic, partition from medallion.pruned
    union
    select topic, partition from medallion.archive_files
    union
    select topic, partition from bronze.quarantine
),

gaps as (
    select
        topic,
        partition,
        array_agg(from_offset || '-' || to_offset - 1 order by from_offset) as gaps,
        sum(to_offset - from_offset) as gap_offsets
    from medallion.offset_gaps
    group by topic, partition
),

pruned as (
    select
        topic,
        partition,
        sum(current_events + duplicate_events + superseded_events + skipped_events + refused_events) as pruned_events,
        sum(
            case
                when in_silver then current_events + duplicate_events + superseded_events + skipped_events
                else 0
            end + refused_events
        ) as pruned_in_silver,
        sum(case when in_silver then accepted_checksum else 0 end + refused_checksum) as pruned_checksum,
        min(from_offset) as pruned_from,
        max(to_offset) as pruned_to
    from medallion.pruned
    group by topic, partition
)

select
    partitions.topic,
    partitions.partition,
    offsets.source,
    offsets.position,
    offsets.digest,
    offsets.next_offset,
    coalesce(offsets.landed_events, 0) as landed_events,
    coalesce(offsets.quarantined_events, 0) as quarantined_events,
    coalesce(watermarks.next_offset, 0) as promoted_to,
    gaps.gaps,
    coalesce(gaps.gap_offsets, 0) as gap_offsets,
    coalesce(pruned.pruned_events, 0) as pruned_events,
    coalesce(pruned.pruned_in_silver, 0) as pruned_in_silver,
    coalesce(pruned.pruned_checksum, 0) as pruned_checksum,
    pruned.pruned_from,
    coalesce(pruned.pruned_to, 0) as pruned_to
from partitions
left join medallion.offsets using (topic, partition)
left join medallion.watermarks using (topic, partition)
left join gaps using (topic, partition)
left join pruned using (topic, partition)
order by partitions.topic, partitions.partition
