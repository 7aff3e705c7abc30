-- Days whose published sales a run changed.
-- grain: one row per day
-- parameters: $1 run
select
    date_key,
    late_events,
    old_orders,
    new_orders,
    old_total,
    new_total,
    new_total - old_total as change
from gold.restatements
where run_id = $1::bigint
order by date_key
