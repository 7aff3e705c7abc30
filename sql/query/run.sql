-- One run.
-- grain: one row
-- parameters: $1 run
select
    run_id,
    command,
    outcome,
    error,
    started_at,
    finished_at,
    round(extract(epoch from coalesce(finished_at, now()) - started_at)::numeric, 1) as seconds,
    os_user,
    host,
    process_id,
    database_user,
    version,
    arguments,
    counts,
    days
from medallion.runs
where run_id = $1::bigint
