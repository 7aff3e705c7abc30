-- The latest run of each step of the pipeline.
-- grain: one row per command
select
    latest.run_id,
    latest.command,
    latest.outcome,
    latest.started_at,
    latest.finished_at,
    latest.error
from unnest(array['generate', 'ingest', 'promote']) with ordinality as commands (name, place)
cross join lateral (
    select *
    from medallion.runs
    where runs.command = commands.name
    order by run_id desc
    limit 1
) as latest
order by commands.place
