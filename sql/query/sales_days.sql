-- The first and the last day with sales, and the last one that is not ahead of the clock.
-- grain: one row
select
    min(date_key) as first,
    max(date_key) as last,
    coalesce(max(date_key) filter (where date_key <= current_date + 1), max(date_key)) as latest
from gold.sales_performance
