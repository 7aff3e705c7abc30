-- Days of the period whose published sales changed afterwards, the latest first.
-- grain: one row per day and run
-- parameters: $1 first day, $2 last day, $3 rows
select
    date_key,
    restated_at,
    run_id,
    late_events,
    old_orders,
    new_orders,
    old_total,
    new_total,
    new_total - old_total as change
from gold.restatements
where date_key between $1::date and $2::date
order by restated_at desc, date_key desc, run_id desc
limit $3::bigint
