alter table medallion.refreshes add column without_keys boolean not null default false;
comment on table medallion.refreshes is 'Layers that are filled from the beginning, and do not hold yet all that lies below them; gold waits for silver';
comment on column medallion.refreshes.run_id is 'The run of promote that began it';
comment on column medallion.refreshes.without_keys is 'Whether the keys and indexes of its facts are still to be built';

create table medallion.deferred_events (
    topic text,
    partition integer,
    "offset" bigint,
    primary key (topic, partition, "offset")
);
comment on table medallion.deferred_events is 'Events that silver judges once its keys are built: another event of the same transaction came first in the same fill';
comment on column medallion.deferred_events.topic is 'Topic of the bronze event';
comment on column medallion.deferred_events.partition is 'Partition of the bronze event';
comment on column medallion.deferred_events."offset" is 'Offset of the bronze event';

-- What was refused before counts as that until it is judged again.
create view medallion.unjudged_events as
select deferred_events.topic, deferred_events.partition, deferred_events."offset"
from medallion.deferred_events
where
    not exists (
        select
        from bronze.quarantine
        where
            quarantine.topic = deferred_events.topic
            and quarantine.partition = deferred_events.partition
            and quarantine."offset" = deferred_events."offset"
            and quarantine.stage = 'silver'
    );
comment on view medallion.unjudged_events is 'Deferred events that are neither in silver nor in the quarantine';
