-- The segments of all customers, over all history.
-- grain: one row per segment
with customers as (
    select segment, orders, revenue
    from gold.customer_performance
),

segments as (
    select segment, count(*) as customers, sum(orders) as orders, sum(revenue) as revenue
    from customers
    group by segment
)

select
    segment,
    customers,
    orders,
    revenue,
    round(revenue * 100 / nullif(sum(revenue) over (), 0), 1) as share_percent
from segments
order by revenue desc, segment
