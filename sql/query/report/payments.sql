-- How the orders were paid.
-- grain: one row per payment method
-- parameters: $1 first day, $2 last day
with methods as (
    select payment_method, sum(orders) as orders, sum(revenue) as revenue
    from gold.payment_performance
    where date_key between $1::date and $2::date
    group by payment_method_id, payment_method
)

select
    payment_method,
    orders,
    revenue,
    -- Twenty decimals in the division leave one rounding only, the last.
    round(revenue::numeric(60, 20) / nullif(orders, 0), 2) as average_ticket,
    round(revenue * 100 / nullif(sum(revenue) over (), 0), 1) as share_percent
from methods
order by revenue desc, payment_method
