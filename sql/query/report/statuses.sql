-- The states of the orders, as their latest events name them.
-- grain: one row per order status
-- parameters: $1 first day, $2 last day
with statuses as (
    select replace(order_status, '_', ' ') as status, sum(orders) as orders, sum(revenue) as revenue
    from gold.order_performance
    where date_key between $1::date and $2::date
    group by order_status
)

select
    status,
    orders,
    revenue,
    round(orders * 100 / nullif(sum(orders) over (), 0), 1) as share_percent
from statuses
order by orders desc, status
