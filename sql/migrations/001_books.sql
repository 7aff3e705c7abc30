-- Bronze, and the tool's own books. Silver and gold tables are made from their models (sql/silver, sql/gold).

create schema if not exists bronze;
create schema if not exists silver;
create schema if not exists gold;

comment on schema bronze is 'Events as received, never changed';
comment on schema silver is 'Parsed, judged and de-duplicated: a star of facts and dimensions';
comment on schema gold is 'Data marts, recomputed by day from silver';
comment on schema medallion is 'The books of the medallion tool: offsets, watermarks, runs';

create table medallion.runs (
    run_id bigint generated always as identity primary key,
    command text not null,
    version text not null,
    arguments text[] not null,
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    outcome text not null default 'running'
        check (outcome in ('running', 'done', 'failed', 'interrupted')),
    counts jsonb not null default '{}',
    error text
);
comment on table medallion.runs is 'One row per run of a command that writes to the warehouse';
comment on column medallion.runs.run_id is 'Number of the run';
comment on column medallion.runs.command is 'Name of the command: ingest, promote';
comment on column medallion.runs.version is 'Version of medallion that ran';
comment on column medallion.runs.arguments is 'Command-line arguments, secrets removed';
comment on column medallion.runs.started_at is 'When the run began';
comment on column medallion.runs.finished_at is 'When the run ended; null while it runs, or when it was killed';
comment on column medallion.runs.outcome is 'How the run ended';
comment on column medallion.runs.counts is 'What the run counted: events landed, rows written, and so on';
comment on column medallion.runs.error is 'Why the run failed';

-- The topic's bytes as text. Rows stay inline up to a page: events of the usual size are never compressed or moved to TOAST.
create table bronze.events (
    topic text not null,
    partition integer not null,
    "offset" bigint not null,
    key text,
    key_bytes bytea,
    value text not null,
    headers text,
    produced_at timestamptz not null,
    ingested_at timestamptz not null,
    run_id bigint not null,
    primary key (topic, partition, "offset")
) with (toast_tuple_target = 8160);
comment on table bronze.events is 'One row per event, as the log held it';
comment on column bronze.events.topic is 'Topic, or the file that the event was read from';
comment on column bronze.events.partition is 'Partition of the topic';
comment on column bronze.events."offset" is 'Offset in the partition; the line number in a file';
comment on column bronze.events.key is 'Record key, when it is text';
comment on column bronze.events.key_bytes is 'Record key, when it is not text';
comment on column bronze.events.value is 'The event as received';
comment on column bronze.events.headers is 'Record headers as a JSON object; null when there are none';
comment on column bronze.events.produced_at is 'When the log took the event in';
comment on column bronze.events.ingested_at is 'When ingest wrote the row';
comment on column bronze.events.run_id is 'The run of ingest that wrote the row';

create table bronze.quarantine (
    topic text not null,
    partition integer not null,
    "offset" bigint not null,
    stage text not null check (stage in ('ingest', 'silver')),
    reason text not null,
    field text,
    detail text,
    raw bytea,
    produced_at timestamptz not null,
    quarantined_at timestamptz not null default now(),
    run_id bigint not null,
    status text not null default 'open' check (status in ('open', 'replayed', 'dismissed')),
    resolved_at timestamptz,
    primary key (topic, partition, "offset")
);
create index on bronze.quarantine (reason, quarantined_at);
comment on table bronze.quarantine is 'One row per event that was refused, byte for byte, with the reason';
comment on column bronze.quarantine.topic is 'Topic, or the file that the event was read from';
comment on column bronze.quarantine.partition is 'Partition of the topic';
comment on column bronze.quarantine."offset" is 'Offset in the partition';
comment on column bronze.quarantine.stage is 'Where it was refused: ingest (not in bronze.events) or silver';
comment on column bronze.quarantine.reason is 'Why, from a closed list';
comment on column bronze.quarantine.field is 'Path of the field that broke the rule';
comment on column bronze.quarantine.detail is 'What was found there';
comment on column bronze.quarantine.raw is 'The event, byte for byte; null when it had no value';
comment on column bronze.quarantine.produced_at is 'When the log took the event in';
comment on column bronze.quarantine.quarantined_at is 'When the event was refused';
comment on column bronze.quarantine.run_id is 'The run that refused it';
comment on column bronze.quarantine.status is 'open, replayed or dismissed';
comment on column bronze.quarantine.resolved_at is 'When the status left open';

create table medallion.offsets (
    topic text not null,
    partition integer not null,
    next_offset bigint not null,
    source text not null,
    position bigint,
    landed_events bigint not null default 0,
    landed_bytes bigint not null default 0,
    quarantined_events bigint not null default 0,
    last_produced_at timestamptz,
    updated_at timestamptz not null default now(),
    primary key (topic, partition)
);
comment on table medallion.offsets is 'How far ingest has read each partition; committed with the rows it speaks of';
comment on column medallion.offsets.topic is 'Topic, or file';
comment on column medallion.offsets.partition is 'Partition of the topic';
comment on column medallion.offsets.next_offset is 'The first offset not yet landed';
comment on column medallion.offsets.source is 'The physical log that next_offset holds for: Kafka cluster, or fingerprint of a file';
comment on column medallion.offsets.position is 'Bytes of the file that were read, where the file can be resumed there';
comment on column medallion.offsets.landed_events is 'Events written to bronze.events, ever';
comment on column medallion.offsets.landed_bytes is 'Bytes of those events';
comment on column medallion.offsets.quarantined_events is 'Events quarantined by ingest, ever';
comment on column medallion.offsets.last_produced_at is 'When the log took in the latest event that was landed';
comment on column medallion.offsets.updated_at is 'When the row last changed';

create table medallion.offset_gaps (
    topic text not null,
    partition integer not null,
    from_offset bigint not null,
    to_offset bigint not null,
    run_id bigint not null,
    recorded_at timestamptz not null default now(),
    primary key (topic, partition, from_offset, to_offset)
);
comment on table medallion.offset_gaps is 'Offsets that expired in the log before ingest saw them';
comment on column medallion.offset_gaps.topic is 'Topic';
comment on column medallion.offset_gaps.partition is 'Partition of the topic';
comment on column medallion.offset_gaps.from_offset is 'First offset of the gap';
comment on column medallion.offset_gaps.to_offset is 'First offset after the gap';
comment on column medallion.offset_gaps.run_id is 'The run that found the gap';
comment on column medallion.offset_gaps.recorded_at is 'When it was found';

create table medallion.watermarks (
    topic text not null,
    partition integer not null,
    next_offset bigint not null,
    updated_at timestamptz not null default now(),
    primary key (topic, partition)
);
comment on table medallion.watermarks is 'How far each partition of bronze is promoted to silver; committed with the facts';
comment on column medallion.watermarks.topic is 'Topic, or file';
comment on column medallion.watermarks.partition is 'Partition of the topic';
comment on column medallion.watermarks.next_offset is 'The first offset not yet promoted';
comment on column medallion.watermarks.updated_at is 'When the row last changed';

create table medallion.touched_days (
    date_key date primary key,
    touched_at timestamptz not null default now()
);
comment on table medallion.touched_days is 'UTC days whose facts changed since gold was last published';
comment on column medallion.touched_days.date_key is 'The day';
comment on column medallion.touched_days.touched_at is 'When it was first touched';

create table medallion.key_blocks (
    name text primary key,
    next_key bigint not null
);
insert into medallion.key_blocks values ('transaction', 0);
comment on table medallion.key_blocks is 'The next free number of each surrogate key';
comment on column medallion.key_blocks.name is 'Which key';
comment on column medallion.key_blocks.next_key is 'Next number to hand out';

create table medallion.check_results (
    run_id bigint not null,
    model text not null,
    check_name text not null,
    severity text not null check (severity in ('warn', 'error')),
    failing bigint not null,
    checked_at timestamptz not null default now(),
    primary key (run_id, model, check_name)
);
comment on table medallion.check_results is 'What each check of a model counted, per run';
comment on column medallion.check_results.run_id is 'The run of promote';
comment on column medallion.check_results.model is 'The model, schema.name';
comment on column medallion.check_results.check_name is 'The condition that every row should meet';
comment on column medallion.check_results.severity is 'warn: counted; error: gold is not published';
comment on column medallion.check_results.failing is 'Rows that do not meet it';
comment on column medallion.check_results.checked_at is 'When it was counted';

create table gold.restatements (
    date_key date not null,
    run_id bigint not null,
    old_orders bigint not null,
    new_orders bigint not null,
    old_total numeric(38, 2) not null,
    new_total numeric(38, 2) not null,
    restated_at timestamptz not null default now(),
    primary key (date_key, run_id)
);
comment on table gold.restatements is 'Days whose published sales changed afterwards: late events and corrections';
comment on column gold.restatements.date_key is 'UTC day';
comment on column gold.restatements.run_id is 'The run of promote that restated it';
comment on column gold.restatements.old_orders is 'Orders published before';
comment on column gold.restatements.new_orders is 'Orders published now';
comment on column gold.restatements.old_total is 'Order total published before';
comment on column gold.restatements.new_total is 'Order total published now';
comment on column gold.restatements.restated_at is 'When';

create table medallion.refreshes (
    layer text primary key,
    run_id bigint not null,
    began_at timestamptz not null default now()
);
comment on table medallion.refreshes is 'Layers that were emptied and are not filled again yet; gold waits for silver';
comment on column medallion.refreshes.layer is 'The layer';
comment on column medallion.refreshes.run_id is 'The run of promote that emptied it';
comment on column medallion.refreshes.began_at is 'When';

-- Moves a watermark on, or fails the transaction when it is not where the promotion believes it to be.
create function medallion.advance_watermark(of_topic text, of_partition integer, expected bigint, next bigint)
returns void
language plpgsql
as $$
begin
    insert into medallion.watermarks (topic, partition, next_offset)
    values (of_topic, of_partition, expected)
    on conflict (topic, partition) do nothing;

    update medallion.watermarks
    set next_offset = next, updated_at = now()
    where topic = of_topic and partition = of_partition and next_offset = expected;

    if not found then
        raise exception 'the watermark of % partition % is no longer at %', of_topic, of_partition, expected;
    end if;
end
$$;
comment on function medallion.advance_watermark is 'Moves a watermark on, if it is where the caller believes it to be';
