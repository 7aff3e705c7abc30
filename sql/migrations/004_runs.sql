-- What each run did: who ran it, which offsets it read or wrote, what each model counted, which days it published.

alter table medallion.runs
    add column os_user text,
    add column host text,
    add column process_id integer,
    add column database_user text default current_user,
    add column days text[] not null default '{}',
    add column file_id uuid unique;
comment on table medallion.runs is 'One row per run of a command that writes: to the log, or to the warehouse';
comment on column medallion.runs.command is 'Name of the command: generate, ingest, promote, and so on';
comment on column medallion.runs.os_user is 'Operating-system user that ran it';
comment on column medallion.runs.host is 'Machine that it ran on';
comment on column medallion.runs.process_id is 'Its process on that machine';
comment on column medallion.runs.database_user is 'Database user that it wrote as; null when it needed no database';
comment on column medallion.runs.days is 'UTC days of gold that it published, as day or first..last';
comment on column medallion.runs.file_id is 'Of a run that was first recorded in a file: the id of the file';

create index on medallion.runs (started_at);
create index on medallion.runs (command, run_id);
create index on medallion.runs (run_id) where days <> '{}';

-- Counting what is open must not read the events.
create index on bronze.quarantine (stage, reason) where status = 'open';

create table medallion.run_partitions (
    run_id bigint not null,
    topic text not null,
    partition integer not null,
    from_offset bigint,
    to_offset bigint,
    events bigint not null,
    primary key (run_id, topic, partition)
);
comment on table medallion.run_partitions is 'Which part of each partition a run wrote (generate), landed (ingest) or promoted (promote)';
comment on column medallion.run_partitions.run_id is 'The run';
comment on column medallion.run_partitions.topic is 'Topic, or file, as bronze names it';
comment on column medallion.run_partitions.partition is 'Partition of the topic';
comment on column medallion.run_partitions.from_offset is 'First offset; null when the log did not say';
comment on column medallion.run_partitions.to_offset is 'First offset after it; null when the log did not say';
comment on column medallion.run_partitions.events is 'Events of the run in between';

create table medallion.run_models (
    run_id bigint not null,
    model text not null,
    read bigint not null,
    written bigint not null,
    refused bigint not null,
    seconds numeric(12, 3) not null,
    primary key (run_id, model)
);
comment on table medallion.run_models is 'What each model did in a run of promote';
comment on column medallion.run_models.run_id is 'The run of promote';
comment on column medallion.run_models.model is 'The model, schema.name';
comment on column medallion.run_models.read is 'Rows of its largest input';
comment on column medallion.run_models.written is 'Rows staged and published';
comment on column medallion.run_models.refused is 'Events refused';
comment on column medallion.run_models.seconds is 'Time it took';

-- An event that changes a day between two publications of gold is late for the second one.
alter table medallion.touched_days add column events bigint not null default 0;
comment on column medallion.touched_days.events is 'Events that changed the day since gold was last published; none are counted while silver is made again';

alter table gold.restatements add column late_events bigint not null default 0;
comment on column gold.restatements.late_events is 'Events that changed the day after it had been published; 0 when it was only computed again';
