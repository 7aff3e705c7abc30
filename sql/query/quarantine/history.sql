-- What happened to an event after it was rejected.
-- grain: one row per change
-- parameters: $1 topic, $2 partition, $3 offset
select
    happened_at,
    run_id,
    action,
    status_before,
    status_after,
    reason_before,
    field_before,
    detail_before,
    reason_after,
    field_after,
    detail_after,
    outcome,
    note,
    os_user,
    db_user
from bronze.quarantine_history
where topic = $1 and partition = $2::integer and "offset" = $3::bigint
order by history_id
