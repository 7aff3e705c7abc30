-- Each replay is noted, and of a full refresh what it changes.
insert into bronze.quarantine_history (
    topic, partition, "offset", run_id, action, status_before, status_after, reason_before, field_before,
    detail_before, reason_after, field_after, detail_after
)
select
    q.topic,
    q.partition,
    q."offset",
    {run_id},
    'rejected',
    q.status,
    case q.status when 'replayed' then 'open' else q.status end,
    q.reason,
    q.field,
    q.detail,
    r.reason,
    r.field,
    r.detail
from pg_temp.rejected as r
cross join lateral (
    select *
    from bronze.quarantine as q
    where q.topic = r.topic and q.partition = r.partition and q."offset" = r."offset"
    limit 1
) as q
where
    {is_replay}
    or q.status = 'replayed'
    or (q.reason, q.field, q.detail) is distinct from (r.reason, r.field, r.detail);

-- The bytes come from bronze itself, or from the archive, so they are what was received.
insert into bronze.quarantine as q (
    topic, partition, "offset", stage, reason, field, detail, raw, produced_at, run_id
)
select
    r.topic,
    r.partition,
    r."offset",
    'silver',
    r.reason,
    r.field,
    r.detail,
    convert_to(coalesce(e.value, r.value), 'UTF8'),
    r.produced_at,
    {run_id}
from pg_temp.rejected as r
left join lateral (
    select value
    from bronze.events as e
    where e.topic = r.topic and e.partition = r.partition and e."offset" = r."offset"
    limit 1
) as e on true
on conflict (topic, partition, "offset") do update
set
    stage = excluded.stage,
    reason = excluded.reason,
    field = excluded.field,
    detail = excluded.detail,
    run_id = excluded.run_id,
    status = case q.status when 'replayed' then 'open' else q.status end,
    resolved_at = case q.status when 'replayed' then null else q.resolved_at end
where
    q.status = 'replayed'
    or (q.reason, q.field, q.detail) is distinct from (excluded.reason, excluded.field, excluded.detail)
