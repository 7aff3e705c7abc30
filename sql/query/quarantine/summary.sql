-- The chosen events by what was wrong, the lines of an order as one field, with the latest of each as an example.
-- grain: one row per stage, reason and field
with fields as (
    select
        topic,
        partition,
        "offset",
        stage,
        reason,
        detail,
        quarantined_at,
        field_path as field
    from chosen
),

groups as (
    select
        stage,
        reason,
        field,
        count(*) as events,
        min(quarantined_at) as first_at,
        max(quarantined_at) as last_at
    from fields
    group by stage, reason, field
),

latest as (
    select distinct on (stage, reason, field) *
    from fields
    order by stage, reason, field, quarantined_at desc, topic, partition, "offset" desc
)

select
    groups.reason,
    groups.field,
    groups.stage,
    groups.events,
    groups.first_at,
    groups.last_at,
    latest.topic,
    latest.partition,
    latest."offset",
    latest.detail
from groups
inner join latest
    on
        groups.stage = latest.stage
        and groups.reason = latest.reason
        and groups.field is not distinct from latest.field
order by groups.events desc, groups.stage, groups.reason, groups.field
