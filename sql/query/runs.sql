-- Runs of commands that write, the latest first.
-- grain: one row per run
-- parameters: $1 command, $2 outcome, $3 first UTC day, each null for all; $4 those that had nothing to do, too; $5 rows
select
    run_id,
    command,
    outcome,
    started_at,
    finished_at,
    round(extract(epoch from coalesce(finished_at, now()) - started_at)::numeric, 1) as seconds,
    os_user,
    host,
    database_user,
    version,
    arguments,
    counts,
    error
from medallion.runs
where
    ($1::text is null or command = $1)
    and ($2::text is null or outcome = $2)
    and ($3::date is null or started_at >= $3::date)
    and (
        $4::boolean
        or outcome <> 'done'
        or command not in ('ingest', 'promote')
        or days <> '{}'
        or counts ->> 'events' <> '0'
        or coalesce(counts -> 'quarantined', '{}') <> '{}'
    )
order by started_at desc, run_id desc
limit $5::bigint
