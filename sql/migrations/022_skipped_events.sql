-- Records of a topic that are not of its source, by the `where` of its mapping.
create table medallion.skipped_events (
    topic text,
    partition integer,
    "offset" bigint,
    produced_at timestamptz,
    run_id bigint not null,
    primary key (topic, partition, "offset")
);
comment on table medallion.skipped_events is 'Promoted events that the where of their source leaves out: neither in silver nor in the quarantine';
comment on column medallion.skipped_events.topic is 'Topic of the bronze event';
comment on column medallion.skipped_events.partition is 'Partition of the bronze event';
comment on column medallion.skipped_events."offset" is 'Offset of the bronze event';
comment on column medallion.skipped_events.produced_at is 'When the log took the event in';
comment on column medallion.skipped_events.run_id is 'The run of promote that skipped it';

alter table medallion.watermarks add column skipped_events bigint not null default 0;
comment on column medallion.watermarks.skipped_events is 'Events of the partition in medallion.skipped_events';

alter table medallion.pruned add column skipped_events bigint not null default 0;
comment on column medallion.pruned.skipped_events is 'Removed events that their source had left out';

alter table bronze.quarantine_history drop constraint quarantine_history_outcome_check;
alter table bronze.quarantine_history
add constraint quarantine_history_outcome_check check (outcome in ('current', 'duplicate', 'superseded', 'skipped'));
comment on column bronze.quarantine_history.outcome is
'What a replayed event was at that time: current, duplicate or superseded for its transaction, or skipped by its source';
