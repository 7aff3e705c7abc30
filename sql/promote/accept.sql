-- Events of a batch that were in quarantine and are not rejected now are replayed: silver has them, or has discarded them,
-- or their source leaves them out.
-- One that a fill has deferred is not yet.
with accepted as materialized (
    select q.*
    from bronze.quarantine as q
    where
        q.stage = 'silver'
        and q.status <> 'replayed'
        and {batch}
        and {is_stored}
        and {not_rejected}
        and not exists (
            select
            from medallion.deferred_events as d
            where d.topic = q.topic and d.partition = q.partition and d."offset" = q."offset"
        )
),

noted as (
    insert into bronze.quarantine_history (
        topic, partition, "offset", run_id, action, status_before, status_after, reason_before, field_before,
        detail_before, outcome
    )
    select
        topic,
        partition,
        "offset",
        {run_id},
        'replayed',
        status,
        'replayed',
        reason,
        field,
        detail,
        coalesce(
            (
                select d.outcome
                from silver.discarded_events as d
                where d.topic = accepted.topic and d.partition = accepted.partition and d."offset" = accepted."offset"
            ),
            (
                select 'skipped'
                from medallion.skipped_events as s
                where s.topic = accepted.topic and s.partition = accepted.partition and s."offset" = accepted."offset"
            ),
            'current'
        )
    from accepted
)

update bronze.quarantine as q
set status = 'replayed', resolved_at = now()
from accepted
where q.topic = accepted.topic and q.partition = accepted.partition and q."offset" = accepted."offset"
