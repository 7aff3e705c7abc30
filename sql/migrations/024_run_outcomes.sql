-- What a run of promote rejected and skipped, beside what it read.
create or replace view gold.pipeline_runs as
select
    runs.run_id,
    runs.command,
    runs.outcome,
    runs.started_at,
    runs.finished_at,
    round(extract(epoch from coalesce(runs.finished_at, now()) - runs.started_at)::numeric, 3) as seconds,
    (
        select coalesce(sum(parts.events), 0)::bigint
        from medallion.run_partitions as parts
        where parts.run_id = runs.run_id
    ) as events,
    runs.days as published_days,
    coalesce((runs.counts ->> 'refused')::bigint, 0) as refused_events,
    coalesce((runs.counts ->> 'skipped')::bigint, 0) as skipped_events
from medallion.runs;

comment on column gold.pipeline_runs.refused_events is 'Events that a promotion refused; 0 while it runs';
comment on column gold.pipeline_runs.skipped_events is 'Records that a promotion left out by the where of their source; 0 while it runs';
