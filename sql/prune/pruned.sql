-- What run $1 has removed, by what it was to silver.
-- grain: one row per partition
select
    topic,
    partition,
    (current_events + duplicate_events + superseded_events + skipped_events + rejected_events)::double precision as events,
    bytes,
    current_events::double precision as "current",
    duplicate_events::double precision as duplicates,
    superseded_events::double precision as superseded,
    skipped_events::double precision as skipped,
    rejected_events::double precision as rejected
from medallion.pruned
where run_id = $1
order by topic, partition
