-- Gold holds days: its latest event is of that day.
-- grain: one row
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
