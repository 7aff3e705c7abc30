-- What the events that runs $1 judged again came to. A run that lost the warehouse may have rejected one before.
select
    coalesce(outcome, action) as outcome,
    reason_after as reason,
    field_after as field,
    count(distinct (topic, partition, "offset")) as events
from bronze.quarantine_history
where run_id = any($1::bigint []) and action in ('replayed', 'rejected')
group by 1, 2, 3
order by
    array_position(array['current', 'duplicate', 'superseded', 'skipped', 'rejected'], coalesce(outcome, action)),
    events desc,
    reason,
    field
