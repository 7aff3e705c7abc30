-- The currencies of the orders; amounts are not converted.
-- grain: one row per currency
-- parameters: $1 first day, $2 last day
with states as (
    select currency, orders, revenue
    from gold.order_performance
    where date_key between $1::date and $2::date
),

currencies as (
    select currency, sum(orders) as orders, sum(revenue) as revenue
    from states
    group by currency
)

select
    currency,
    orders,
    revenue,
    round(orders * 100 / nullif(sum(orders) over (), 0), 1) as share_percent
from currencies
order by orders desc, currency
