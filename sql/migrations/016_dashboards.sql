-- The tables of the models are made before there is a promotion: a mart's says that it waits for its rows.

create table medallion.unfilled_marts (
    model text primary key,
    made_at timestamptz not null default now()
);
comment on table medallion.unfilled_marts is 'Marts whose tables were made and that no promotion has filled yet';
comment on column medallion.unfilled_marts.model is 'The mart, schema.name';
comment on column medallion.unfilled_marts.made_at is 'When its table was made';

-- A day that is not over grows; from its first publication after its end on a change of it is a restatement.

create table medallion.day_publications (
    date_key date primary key,
    published_at timestamptz not null
);
comment on table medallion.day_publications is 'When gold last published the sales of each day';
comment on column medallion.day_publications.date_key is 'UTC day';
comment on column medallion.day_publications.published_at is 'When, by the clock of the server';

comment on table gold.restatements is
'Days whose sales changed after they were over and had been published: late events and corrections';
comment on column gold.restatements.late_events is
'Events that changed the day after it was over and had been published; 0 when it was only computed again';

-- Where the refused events stand, and which transactions they speak of, so far as they name one.

create function gold.transaction_id_in(raw bytea) returns text
language sql immutable parallel safe cost 10000
return substring(encode(raw, 'escape') from '"transaction_id"\s*:\s*"([^"\\]{1,200})"');
comment on function gold.transaction_id_in is 'The first transaction id in the text of an event, without escapes; null where there is none';

create view gold.quarantined_events as
select
    topic,
    partition,
    "offset",
    stage,
    reason,
    field,
    status,
    produced_at,
    quarantined_at,
    run_id,
    gold.transaction_id_in(raw) as transaction_id
from bronze.quarantine;

comment on view gold.quarantined_events is 'Refused events, without what they say';
comment on column gold.quarantined_events.topic is 'Topic, or file';
comment on column gold.quarantined_events.partition is 'Partition of the topic';
comment on column gold.quarantined_events."offset" is 'Offset in the partition';
comment on column gold.quarantined_events.stage is 'Where it was refused: ingest or silver';
comment on column gold.quarantined_events.reason is 'Why, from a closed list';
comment on column gold.quarantined_events.field is 'Path of the field that broke the rule';
comment on column gold.quarantined_events.status is 'open, replayed or dismissed';
comment on column gold.quarantined_events.produced_at is 'When the log took the event in';
comment on column gold.quarantined_events.quarantined_at is 'When it was refused';
comment on column gold.quarantined_events.run_id is 'The run that refused it';
comment on column gold.quarantined_events.transaction_id is 'The transaction that it names; null where it names none';
