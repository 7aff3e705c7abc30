-- Every partition that bronze or the metadata knows, with what is recorded of it, and the offset that it is compared from.
-- Where only what was ingested since $1 is compared, events begin in each partition where `search` finds them: ingest writes
-- in the order of offsets, so the place is found by halving, with some twenty looks at the primary key.
-- grain: one row per partition
-- parameters: $1 a moment, null for all
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

search as (
    select topic, partition, cast(0 as bigint) as low, next_offset as high
    from medallion.offsets
    where $1::timestamptz is not null
    union all
    -- The first row from the middle on tells in which half the place lies.
    select
        search.topic,
        search.partition,
        case when probe.ingested_at < $1::timestamptz then probe."offset" + 1 else search.low end,
        case when probe.ingested_at < $1::timestamptz then search.high else middle."offset" end
    from search
    cross join lateral (select (search.low + search.high) / 2 as "offset") as middle
    left join lateral (
        select events."offset", events.ingested_at
        from bronze.events
        where
            events.topic = search.topic
            and events.partition = search.partition
            and events."offset" >= middle."offset"
            and events."offset" < search.high
        order by events."offset"
        limit 1
    ) as probe on true
    where search.low < search.high
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
        sum(current_events + duplicate_events + superseded_events + skipped_events + rejected_events) as pruned_events,
        sum(
            case
                when in_silver then current_events + duplicate_events + superseded_events + skipped_events
                else 0
            end + rejected_events
        ) as pruned_in_silver,
        sum(case when in_silver then accepted_checksum else 0 end + rejected_checksum) as pruned_checksum,
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
    coalesce(offsets.next_offset, 0) as "nextOffset",
    coalesce(offsets.ingested_events, 0) as written,
    coalesce(offsets.quarantined_events, 0) as quarantined,
    coalesce(watermarks.next_offset, 0) as "promotedTo",
    coalesce(to_json(gaps.gaps), '[]') as gaps,
    coalesce(gaps.gap_offsets, 0) as "gapOffsets",
    coalesce(pruned.pruned_events, 0) as "prunedEvents",
    coalesce(pruned.pruned_in_silver, 0) as "prunedInSilver",
    coalesce(pruned.pruned_checksum, 0) as "prunedChecksum",
    pruned.pruned_from as "prunedFrom",
    coalesce(pruned.pruned_to, 0) as "prunedTo",
    -- What was pruned is recorded as a whole, so a narrowed comparison begins behind it.
    case
        when $1::timestamptz is null then 0::bigint
        else greatest(coalesce(search.low, 0), coalesce(pruned.pruned_to, 0))
    end as "fromOffset"
from partitions
left join medallion.offsets using (topic, partition)
left join medallion.watermarks using (topic, partition)
left join gaps using (topic, partition)
left join pruned using (topic, partition)
left join search
    on
        partitions.topic = search.topic
        and partitions.partition = search.partition
        and search.low = search.high
order by partitions.topic, partitions.partition
