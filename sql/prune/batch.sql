-- Removes the promoted events of partition $1, $2, from offset $3 up to $5, that the log took in before $4, without those
-- that are open in the quarantine, and records them for run $6: one statement, so both or neither.
-- grain: one row
with removed as (
    delete from bronze.events
    using medallion.watermarks
    where
        events.topic = $1
        and events.partition = $2
        and events."offset" >= $3
        and events."offset" < $5
        and events.produced_at < $4
        and watermarks.topic = $1
        and watermarks.partition = $2
        and events."offset" < watermarks.next_offset
        -- A lookup by key for each event (the limit keeps it one, whatever the planner believes of the sizes).
        and (
            select quarantine.status
            from bronze.quarantine
            where
                quarantine.topic = $1
                and quarantine.partition = $2
                and quarantine."offset" = events."offset"
                and quarantine.stage = 'silver'
            limit 1
        ) is distinct from 'open'
    returning events."offset", octet_length(events.value) as bytes
),

judged as (
    select
        removed."offset",
        removed.bytes,
        hashint8extended(removed."offset", 0) as hash,
        case
            -- A replayed event is in silver, like any other that was accepted.
            when
                (
                    select quarantine.status
                    from bronze.quarantine
                    where
                        quarantine.topic = $1
                        and quarantine.partition = $2
                        and quarantine."offset" = removed."offset"
                        and quarantine.stage = 'silver'
                    limit 1
                ) = 'dismissed'
                then 'rejected'
            else
                coalesce(
                    (
                        select discarded_events.outcome
                        from silver.discarded_events
                        where
                            discarded_events.topic = $1
                            and discarded_events.partition = $2
                            and discarded_events."offset" = removed."offset"
                        limit 1
                    ),
                    (
                        select 'skipped'
                        from medallion.skipped_events
                        where
                            skipped_events.topic = $1
                            and skipped_events.partition = $2
                            and skipped_events."offset" = removed."offset"
                        limit 1
                    ),
                    'current'
                )
        end as outcome
    from removed
),

counted as (
    select
        count(*) as events,
        min("offset") as from_offset,
        max("offset") + 1 as to_offset,
        count(*) filter (where outcome = 'current') as current_events,
        count(*) filter (where outcome = 'duplicate') as duplicate_events,
        count(*) filter (where outcome = 'superseded') as superseded_events,
        count(*) filter (where outcome = 'skipped') as skipped_events,
        count(*) filter (where outcome = 'rejected') as rejected_events,
        coalesce(sum(bytes), 0) as bytes,
        coalesce(sum(hash) filter (where outcome <> 'rejected'), 0) as accepted_checksum,
        coalesce(sum(hash) filter (where outcome = 'rejected'), 0) as rejected_checksum
    from judged
),

recorded as (
    insert into medallion.pruned as pruned (
        topic, partition, run_id, from_offset, to_offset, produced_before, current_events, duplicate_events,
        superseded_events, skipped_events, rejected_events, bytes, accepted_checksum, rejected_checksum
    )
    select
        $1, $2, $6, from_offset, to_offset, $4, current_events, duplicate_events,
        superseded_events, skipped_events, rejected_events, bytes, accepted_checksum, rejected_checksum
    from counted
    where events > 0
    on conflict (topic, partition, run_id) do update
        set
            to_offset = excluded.to_offset,
            current_events = pruned.current_events + excluded.current_events,
            duplicate_events = pruned.duplicate_events + excluded.duplicate_events,
            superseded_events = pruned.superseded_events + excluded.superseded_events,
            skipped_events = pruned.skipped_events + excluded.skipped_events,
            rejected_events = pruned.rejected_events + excluded.rejected_events,
            bytes = pruned.bytes + excluded.bytes,
            accepted_checksum = pruned.accepted_checksum + excluded.accepted_checksum,
            rejected_checksum = pruned.rejected_checksum + excluded.rejected_checksum
)

select events::double precision as events, bytes
from counted
