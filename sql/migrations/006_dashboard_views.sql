-- What dashboards tell of the pipeline itself, without the events: a view answers with its owner's rights, so who reads gold
-- needs none on bronze or on the books.

create view gold.pipeline_state as
select
    (select max(last_produced_at) from medallion.offsets) as last_event_at,
    (select coalesce(sum(landed_events), 0)::bigint from medallion.offsets) as landed_events,
    (
        select coalesce(sum(waiting.events), 0)::bigint
        from medallion.offsets
        left join medallion.watermarks using (topic, partition)
        cross join lateral (
            select count(*) as events
            from bronze.events
            where events.topic = offsets.topic
                and events.partition = offsets.partition
                and events."offset" >= coalesce(watermarks.next_offset, 0)
        ) as waiting
    ) as waiting_events,
    (select count(*) from medallion.touched_days) as waiting_days,
    (
        select max(finished_at)
        from medallion.runs
        where command = 'promote' and outcome = 'done'
    ) as last_promotion_at,
    (select count(*) from bronze.quarantine where status = 'open') as quarantined_events;

comment on view gold.pipeline_state is 'How far the pipeline is: one row';
comment on column gold.pipeline_state.last_event_at is 'When the log took in the latest event that was landed';
comment on column gold.pipeline_state.landed_events is 'Events landed in bronze, ever';
comment on column gold.pipeline_state.waiting_events is 'Events in bronze that are not promoted yet';
comment on column gold.pipeline_state.waiting_days is 'Days whose facts changed since gold was last published';
comment on column gold.pipeline_state.last_promotion_at is 'When the latest complete promotion ended';
comment on column gold.pipeline_state.quarantined_events is 'Refused events that nobody has dealt with yet';

create view gold.quarantine_summary as
select
    stage,
    reason,
    field,
    count(*) as events,
    max(quarantined_at) as latest_at
from bronze.quarantine
where status = 'open'
group by stage, reason, field;

comment on view gold.quarantine_summary is 'Refused events that nobody has dealt with yet: one row per stage, reason and field';
comment on column gold.quarantine_summary.stage is 'Where they were refused: ingest or silver';
comment on column gold.quarantine_summary.reason is 'Why, from a closed list';
comment on column gold.quarantine_summary.field is 'Path of the field that broke the rule';
comment on column gold.quarantine_summary.events is 'How many';
comment on column gold.quarantine_summary.latest_at is 'When the latest of them was refused';
