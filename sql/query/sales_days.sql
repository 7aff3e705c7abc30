-- The first and the last day with sales, and the last one that is not ahead of the clock.
-- grain: one row
select
    min(days.date_key) as first,
    max(days.date_key) as last,
    coalesce(
        max(days.date_key) filter (where days.date_key <= (now() at time zone reporting.timezone)::date + 1),
        max(days.date_key)
    ) as latest
from gold.sales_performance as days
cross join gold.reporting
