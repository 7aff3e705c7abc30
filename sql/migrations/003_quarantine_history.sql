-- What becomes of refused events afterwards.

create table bronze.quarantine_history (
    history_id bigint generated always as identity primary key,
    topic text not null,
    partition integer not null,
    "offset" bigint not null,
    happened_at timestamptz not null default now(),
    run_id bigint not null,
    action text not null check (action in ('replayed', 'refused', 'landed', 'dismissed', 'reopened')),
    status_before text not null,
    status_after text not null,
    reason_before text not null,
    field_before text,
    detail_before text,
    reason_after text,
    field_after text,
    detail_after text,
    outcome text check (outcome in ('current', 'duplicate', 'superseded')),
    note text,
    os_user text,
    db_user text not null default session_user
);
create index on bronze.quarantine_history (topic, partition, "offset");
create index on bronze.quarantine_history (run_id);
comment on table bronze.quarantine_history is
'One row per thing that happened to an event after it was refused: each replay, each dismissal';
comment on column bronze.quarantine_history.history_id is 'Number of the row, in order of time';
comment on column bronze.quarantine_history.topic is 'Topic, or file, of the event';
comment on column bronze.quarantine_history.partition is 'Partition of the topic';
comment on column bronze.quarantine_history."offset" is 'Offset in the partition';
comment on column bronze.quarantine_history.happened_at is 'When';
comment on column bronze.quarantine_history.run_id is 'The run that did it';
comment on column bronze.quarantine_history.action is
'replayed: accepted by silver; refused: judged again and refused; landed: taken into bronze.events; dismissed; reopened';
comment on column bronze.quarantine_history.status_before is 'Status of the event before';
comment on column bronze.quarantine_history.status_after is 'Status of the event afterwards';
comment on column bronze.quarantine_history.reason_before is 'Why the event was refused before';
comment on column bronze.quarantine_history.field_before is 'Path of the field that broke the rule before';
comment on column bronze.quarantine_history.detail_before is 'What was found there before';
comment on column bronze.quarantine_history.reason_after is 'Why it is refused now; null when it is not';
comment on column bronze.quarantine_history.field_after is 'Path of the field that breaks the rule now';
comment on column bronze.quarantine_history.detail_after is 'What was found there now';
comment on column bronze.quarantine_history.outcome is
'What a replayed event was for its transaction at that time: current, duplicate or superseded';
comment on column bronze.quarantine_history.note is 'What the person who dismissed or reopened it wrote';
comment on column bronze.quarantine_history.os_user is 'Who ran the command, by the name on that machine';
comment on column bronze.quarantine_history.db_user is 'The user of PostgreSQL that the command connected as';

-- What is open is asked for all the time, and is a small part of what was ever refused.
create index quarantine_open on bronze.quarantine (stage, reason, quarantined_at) where status = 'open';

-- Bytes as text, or null where PostgreSQL cannot hold them as text.
create function medallion.text_of(raw bytea)
returns text
language plpgsql
immutable
as $$
begin
    return convert_from(raw, 'UTF8');
exception
    when character_not_in_repertoire or untranslatable_character then
        return null;
end
$$;
comment on function medallion.text_of is 'Bytes as text; null where they are not UTF-8 or hold a NUL';
