-- A producer may stamp a Kafka record with any number: seconds, micro- or nanoseconds, nothing. What cannot be right stays
-- with the event, and does not count for how fresh bronze is.

alter table medallion.offsets add column implausible_events bigint not null default 0;
comment on column medallion.offsets.implausible_events is
'Events, ever, that the log has with a time before 1971 or more than an hour after they were written to bronze';
comment on column medallion.offsets.last_produced_at is
'When the log took in the latest event that is in bronze; where that time cannot be right, when the event was written';

-- What was believed until now.
update medallion.offsets
set last_produced_at = updated_at
where last_produced_at > updated_at + interval '1 hour' or last_produced_at < '1971-01-01 00:00:00+00';
