-- Gold holds days: its latest event is of that day.
-- grain: one row, and one for each mart that is not current
select
    'gold' as layer,
    (select max(date_key) from gold.sales_performance)::timestamptz as latest_event_at,
    (
        select finished_at
        from medallion.runs
        where days <> '{}'
        order by run_id desc
        limit 1
    ) as committed_at
-- Marts that are computed only every so often, and behind which gold has moved on.
union all
select
    model as layer,
    null as latest_event_at,
    refreshed_at as committed_at
from medallion.refreshed_marts
where pending_since is not null
