-- One word each: an event that breaks a rule is rejected, one that is written to bronze is ingested.
alter table medallion.offsets rename column landed_events to ingested_events;
alter table medallion.offsets rename column landed_bytes to ingested_bytes;
alter table medallion.run_models rename column refused to rejected;
alter table medallion.pruned rename column refused_events to rejected_events;
alter table medallion.pruned rename column refused_checksum to rejected_checksum;
alter view gold.pipeline_models rename column refused to rejected;
alter view gold.pipeline_partitions rename column landed_events to ingested_events;
alter view gold.pipeline_partitions rename column landed_at to ingested_at;
alter view gold.pipeline_state rename column landed_events to ingested_events;
alter view gold.pipeline_runs rename column refused_events to rejected_events;

update medallion.runs
set counts = counts - 'refused' || jsonb_build_object('rejected', counts -> 'refused')
where counts ? 'refused';

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
    coalesce((runs.counts ->> 'rejected')::bigint, 0) as rejected_events,
    coalesce((runs.counts ->> 'skipped')::bigint, 0) as skipped_events
from medallion.runs;

alter table bronze.quarantine_history drop constraint quarantine_history_action_check;
update bronze.quarantine_history
set action = case action when 'refused' then 'rejected' else 'ingested' end
where action in ('refused', 'landed');
alter table bronze.quarantine_history
add constraint quarantine_history_action_check
check (action in ('replayed', 'rejected', 'ingested', 'dismissed', 'reopened'));

create or replace function gold.events_outside_silver(id text)
returns table (
    outcome text,
    topic text,
    partition integer,
    "offset" bigint,
    produced_at timestamptz,
    ingested_at timestamptz,
    run_id bigint,
    reason text
)
language sql
stable
security definer
set search_path to pg_catalog, pg_temp
rows 10
as $$
    select
        'waiting',
        events.topic,
        events.partition,
        events."offset",
        events.produced_at,
        events.ingested_at,
        events.run_id,
        null::text
    from medallion.offsets
    left join medallion.watermarks using (topic, partition)
    -- The offset is a fence: without it PostgreSQL looks for the id in all of bronze before it asks what waits.
    cross join lateral (
        select *
        from bronze.events as ingested
        where
            ingested.topic = offsets.topic
            and ingested.partition = offsets.partition
            and ingested."offset" >= coalesce(watermarks.next_offset, 0)
            and ingested."offset" < offsets.next_offset
        offset 0
    ) as events
    where
        $1 <> ''
        and offsets.next_offset > coalesce(watermarks.next_offset, 0)
        and position(to_json($1)::text in events.value) > 0
    union all
    select
        'rejected, ' || rejected.status,
        rejected.topic,
        rejected.partition,
        rejected."offset",
        rejected.produced_at,
        rejected.quarantined_at,
        rejected.run_id,
        rejected.reason
    from bronze.quarantine as rejected
    where $1 <> '' and position(convert_to(to_json($1)::text, 'UTF8') in rejected.raw) > 0
    limit 100
$$;

comment on table bronze.events is 'One row per event, as the log had it';
comment on table bronze.quarantine is 'One row per rejected event, byte for byte, with the reason';
comment on column bronze.quarantine.stage is 'Where it was rejected: ingest (not in bronze.events) or silver';
comment on column bronze.quarantine.quarantined_at is 'When the event was rejected';
comment on column bronze.quarantine.run_id is 'The run that rejected it';
comment on table bronze.quarantine_history is
'One row for each replay, dismissal and reopening of a rejected event';
comment on column bronze.quarantine_history.action is
'replayed: accepted by silver; rejected: judged and rejected again; ingested: written to bronze.events; dismissed; reopened';
comment on column bronze.quarantine_history.reason_before is 'Why the event was rejected before';
comment on column bronze.quarantine_history.reason_after is 'Why it is rejected now; null when it is not';
comment on view gold.event_landings is 'Where each event is in the log and when it was ingested, without its content';
comment on column gold.pipeline_models.rejected is 'Events rejected';
comment on view gold.pipeline_partitions is
'How far each partition is ingested and promoted, as recorded in PostgreSQL; it does not see events that only the log has';
comment on column gold.pipeline_partitions.ingested_events is 'Events written to bronze, ever';
comment on column gold.pipeline_partitions.last_event_at is 'When the log took in the latest ingested event';
comment on column gold.pipeline_partitions.waiting_events is
'Offsets from the first event that is not promoted to the last ingested one, gaps included';
comment on column gold.pipeline_partitions.waiting_since is
'When the first event that is not promoted was ingested; null when none waits';
comment on column gold.pipeline_runs.events is
'Events that it wrote to the log (generate), ingested (ingest) or promoted (promote)';
comment on column gold.pipeline_runs.rejected_events is 'Events that a promotion rejected; 0 while it runs';
comment on column gold.pipeline_state.ingested_events is 'Events written to bronze, ever';
comment on column gold.pipeline_state.last_event_at is 'When the log took in the latest ingested event';
comment on column gold.pipeline_state.quarantined_events is 'Rejected events that are open';
comment on view gold.quarantine_by_hour is
'Rejected events of any status: one row per hour, stage, reason and status';
comment on column gold.quarantine_by_hour.quarantined_hour is 'Hour in which they were rejected, UTC';
comment on column gold.quarantine_by_hour.stage is 'Where they were rejected: ingest or silver';
comment on view gold.quarantine_summary is 'Open rejected events: one row per stage, reason and field';
comment on column gold.quarantine_summary.stage is 'Where they were rejected: ingest or silver';
comment on column gold.quarantine_summary.latest_at is 'When the latest of them was rejected';
comment on view gold.quarantined_events is 'Rejected events, without their content';
comment on column gold.quarantined_events.stage is 'Where it was rejected: ingest or silver';
comment on column gold.quarantined_events.quarantined_at is 'When it was rejected';
comment on column gold.quarantined_events.run_id is 'The run that rejected it';
comment on table medallion.check_failures is
'The first rows of a run that did not meet a check; those of old runs are removed';
comment on column medallion.offsets.next_offset is 'The first offset that is not ingested yet';
comment on column medallion.pruned.rejected_events is
'Removed events that silver had rejected and that were dismissed or replayed';
comment on column medallion.pruned.rejected_checksum is 'The same over the rejected ones';
comment on column medallion.run_models.rejected is 'Events rejected';
comment on table medallion.run_partitions is
'Which part of each partition a run wrote (generate), ingested (ingest) or promoted (promote)';
comment on column medallion.runs.counts is 'What the run counted: events ingested, rows written, and so on';
comment on function gold.events_outside_silver is
'Events that contain an id as a JSON string and wait for silver, or were rejected: where they are, and why';
comment on schema medallion is 'Metadata of the medallion tool: offsets, watermarks, runs';
