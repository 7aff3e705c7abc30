-- The customers who bought most, over all history.
-- grain: one row per customer
-- parameters: $1 rows
with leaders as (
    select *
    from gold.customer_performance
    order by revenue desc, customer_id
    limit $1::bigint
)

select
    leaders.customer_id as customer,
    details.country,
    details.city,
    leaders.segment,
    leaders.orders,
    leaders.revenue,
    leaders.last_order_at
from leaders
left join silver.dim_customers as details on leaders.customer_id = details.id
order by leaders.revenue desc, leaders.customer_id
