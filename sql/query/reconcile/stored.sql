-- What bronze, its archive and the quarantine hold of the partitions $1, $2 from the offsets $3 on, and how much of it below
-- the watermarks $4. Of the events that silver rejected those count that it accounts for: not one that a refresh has yet to
-- judge again, and of the replayed ones none that was pruned.
-- grain: one row per partition
with asked as (
    select *
    from unnest($1::text[], $2::integer[], $3::bigint[], $4::bigint[])
        as asked (topic, partition, from_offset, promoted_to)
),

-- A range has an event at every offset: whole, it counts as it is recorded; cut by either limit, offset by offset.
archived as (
    select
        asked.topic,
        asked.partition,
        sum(parts.to_offset - parts.from_offset) as events,
        sum(greatest(parts.promoted_to - parts.from_offset, 0)) as promoted,
        sum(
            case
                when parts.from_offset = ranges.from_offset and parts.promoted_to = ranges.to_offset then ranges.checksum
                else (
                    select coalesce(sum(hashint8extended(numbers."offset", 0)), 0)
                    from generate_series(parts.from_offset, parts.promoted_to - 1) as numbers ("offset")
                )
            end
        ) as checksum,
        min(parts.from_offset) as first_offset
    from asked
    inner join medallion.archived_ranges as ranges
        on
            asked.topic = ranges.topic
            and asked.partition = ranges.partition
            and asked.from_offset < ranges.to_offset
    cross join lateral (
        select
            greatest(ranges.from_offset, asked.from_offset) as from_offset,
            ranges.to_offset,
            least(ranges.to_offset, asked.promoted_to) as promoted_to
    ) as parts
    group by asked.topic, asked.partition
),

quarantined as (
    select
        quarantine.topic,
        quarantine.partition,
        quarantine."offset",
        quarantine.stage,
        quarantine.status = 'replayed' as is_replayed,
        quarantine."offset" < asked.promoted_to as is_promoted,
        -- A lookup by key for each (the limit keeps it one, whatever the planner believes of the sizes).
        (
            select true
            from bronze.events
            where
                events.topic = quarantine.topic
                and events.partition = quarantine.partition
                and events."offset" = quarantine."offset"
            limit 1
        ) is not null
        or medallion.is_archived(quarantine.topic, quarantine.partition, quarantine."offset") as is_in_bronze
    from bronze.quarantine
    inner join asked
        on
            quarantine.topic = asked.topic
            and quarantine.partition = asked.partition
            and quarantine."offset" >= asked.from_offset
),

rejected as (
    select
        topic,
        partition,
        count(*) filter (where stage = 'ingest') as at_ingest,
        count(*) filter (where stage = 'ingest' and is_replayed and is_in_bronze) as replayed_to_bronze,
        min("offset") filter (where stage = 'ingest') as first_offset,
        count(*) filter (where stage = 'silver') as by_silver,
        sum(hashint8extended("offset", 0)) filter (where stage = 'silver') as checksum,
        bool_or(stage = 'silver' and is_replayed) as has_replayed
    from quarantined
    where
        stage = 'ingest'
        or (is_replayed and is_in_bronze and is_promoted)
        or (not is_replayed and (is_promoted or not is_in_bronze))
    group by topic, partition
)

select
    asked.topic,
    asked.partition,
    held.events + coalesce(archived.events, 0) as events,
    held.promoted + coalesce(archived.promoted, 0) as promoted,
    held.checksum + coalesce(archived.checksum, 0) as checksum,
    coalesce(rejected.at_ingest - rejected.replayed_to_bronze, 0) as "rejectedAtIngest",
    coalesce(rejected.by_silver, 0) as "rejectedBySilver",
    coalesce(rejected.checksum, 0) as "rejectedChecksum",
    coalesce(rejected.has_replayed, false) as "hasReplayed",
    least(held.first_offset, archived.first_offset, rejected.first_offset) as "firstOffset"
from asked
cross join lateral (
    select
        count(*) as events,
        count(*) filter (where "offset" < asked.promoted_to) as promoted,
        coalesce(sum(hashint8extended("offset", 0)) filter (where "offset" < asked.promoted_to), 0) as checksum,
        min("offset") as first_offset
    from bronze.events
    where
        events.topic = asked.topic
        and events.partition = asked.partition
        and events."offset" >= asked.from_offset
) as held
left join archived using (topic, partition)
left join rejected using (topic, partition)
