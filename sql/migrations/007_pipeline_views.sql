-- What the pipeline dashboard and the order trace ask for beyond 006: as there, views that answer with their owner's rights,
-- without what the events say.

create view gold.pipeline_partitions as
select
    offsets.topic,
    offsets.partition,
    offsets.landed_events,
    offsets.last_produced_at as last_event_at,
    offsets.updated_at as landed_at,
    offsets.next_offset - coalesce(waiting."offset", offsets.next_offset) as waiting_events,
    waiting.ingested_at as waiting_since,
    watermarks.updated_at as promoted_at
from medallion.offsets
left join medallion.watermarks using (topic, partition)
-- The first event that waits is found by the primary key, and the rest is the distance from it: nothing is counted.
left join lateral (
    select events."offset", events.ingested_at
    from bronze.events
    where
        events.topic = offsets.topic
        and events.partition = offsets.partition
        and events."offset" >= coalesce(watermarks.next_offset, 0)
        and events."offset" < offsets.next_offset
        and offsets.next_offset > coalesce(watermarks.next_offset, 0)
    order by events."offset"
    limit 1
) as waiting on true;

comment on view gold.pipeline_partitions is 'How far each partition is landed and promoted, by the books: what the log itself holds they do not say';
comment on column gold.pipeline_partitions.topic is 'Topic, or file';
comment on column gold.pipeline_partitions.partition is 'Partition of the topic';
comment on column gold.pipeline_partitions.landed_events is 'Events landed in bronze, ever';
comment on column gold.pipeline_partitions.last_event_at is 'When the log took in the latest event that was landed';
comment on column gold.pipeline_partitions.landed_at is 'When ingest last came further';
comment on column gold.pipeline_partitions.waiting_events is 'Offsets from the first event that is not promoted to the last that is landed, holes included';
comment on column gold.pipeline_partitions.waiting_since is 'When the first event that is not promoted was landed; null when none waits';
comment on column gold.pipeline_partitions.promoted_at is 'When promote last came further';

create view gold.pipeline_runs as
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
    runs.days as published_days
from medallion.runs;

comment on view gold.pipeline_runs is 'What each run did, without who ran it and how: medallion runs has all of it';
comment on column gold.pipeline_runs.run_id is 'Number of the run';
comment on column gold.pipeline_runs.command is 'Name of the command';
comment on column gold.pipeline_runs.outcome is 'running, done, failed or interrupted';
comment on column gold.pipeline_runs.started_at is 'When the run began';
comment on column gold.pipeline_runs.finished_at is 'When the run ended; null while it runs';
comment on column gold.pipeline_runs.seconds is 'How long it took, or has taken so far';
comment on column gold.pipeline_runs.events is 'Events that it wrote to the log (generate), landed (ingest) or promoted (promote)';
comment on column gold.pipeline_runs.published_days is 'UTC days of gold that it published, as day or first..last';

create view gold.pipeline_models as
select run_id, model, read, written, refused, seconds
from medallion.run_models;

comment on view gold.pipeline_models is 'What each model did in a run of promote';
comment on column gold.pipeline_models.run_id is 'The run of promote';
comment on column gold.pipeline_models.model is 'The model, schema.name';
comment on column gold.pipeline_models.read is 'Rows of its largest input';
comment on column gold.pipeline_models.written is 'Rows staged and published';
comment on column gold.pipeline_models.refused is 'Events refused';
comment on column gold.pipeline_models.seconds is 'Time it took';

create view gold.pipeline_checks as
select run_id, model, check_name, severity, outcome, failing, checked, checked_at
from medallion.check_results;

comment on view gold.pipeline_checks is 'What each check counted, per run, without the rows that failed';
comment on column gold.pipeline_checks.run_id is 'The run of promote';
comment on column gold.pipeline_checks.model is 'The model, schema.name';
comment on column gold.pipeline_checks.check_name is 'The condition that every row should meet';
comment on column gold.pipeline_checks.severity is 'warn or error: what too many failing rows are';
comment on column gold.pipeline_checks.outcome is 'pass, warn or error';
comment on column gold.pipeline_checks.failing is 'Rows that do not meet it';
comment on column gold.pipeline_checks.checked is 'Rows checked; null where an older version did not count them';
comment on column gold.pipeline_checks.checked_at is 'When it was counted';

create view gold.quarantine_by_hour as
select
    date_trunc('hour', quarantined_at, 'UTC') as quarantined_hour,
    stage,
    reason,
    status,
    count(*) as events
from bronze.quarantine
group by date_trunc('hour', quarantined_at, 'UTC'), stage, reason, status;

comment on view gold.quarantine_by_hour is 'Refused events, whatever became of them: one row per hour, stage, reason and status';
comment on column gold.quarantine_by_hour.quarantined_hour is 'Hour in which they were refused, UTC';
comment on column gold.quarantine_by_hour.stage is 'Where they were refused: ingest or silver';
comment on column gold.quarantine_by_hour.reason is 'Why, from a closed list';
comment on column gold.quarantine_by_hour.status is 'open, replayed or dismissed';
comment on column gold.quarantine_by_hour.events is 'How many';

create view gold.event_landings as
select topic, partition, "offset", produced_at, ingested_at, run_id
from bronze.events;

comment on view gold.event_landings is 'Where and when each event was landed, without the event';
comment on column gold.event_landings.topic is 'Topic, or file';
comment on column gold.event_landings.partition is 'Partition of the topic';
comment on column gold.event_landings."offset" is 'Offset in the partition';
comment on column gold.event_landings.produced_at is 'When the log took the event in';
comment on column gold.event_landings.ingested_at is 'When ingest wrote the row';
comment on column gold.event_landings.run_id is 'The run of ingest that wrote the row';

-- Events that silver does not have are known only by their text. The function says where they stand, not what they hold; its
-- cost is that of the backlog and of the quarantine.
create function gold.events_outside_silver(id text)
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
rows 10
security definer
set search_path = pg_catalog, pg_temp
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
    -- The offset is a fence: else PostgreSQL would look for the id in all of bronze before it asks what waits.
    cross join lateral (
        select *
        from bronze.events as landed
        where
            landed.topic = offsets.topic
            and landed.partition = offsets.partition
            and landed."offset" >= coalesce(watermarks.next_offset, 0)
            and landed."offset" < offsets.next_offset
        offset 0
    ) as events
    where
        $1 <> ''
        and offsets.next_offset > coalesce(watermarks.next_offset, 0)
        and position(to_json($1)::text in events.value) > 0
    union all
    select
        'refused, ' || refused.status,
        refused.topic,
        refused.partition,
        refused."offset",
        refused.produced_at,
        refused.quarantined_at,
        refused.run_id,
        refused.reason
    from bronze.quarantine as refused
    where $1 <> '' and position(convert_to(to_json($1)::text, 'UTF8') in refused.raw) > 0
    limit 100
$$;
comment on function gold.events_outside_silver is 'Events that hold an id as a JSON string and wait for silver, or were refused: where they stand, and why';
