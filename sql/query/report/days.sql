-- Sales by day, days without a sale included.
-- grain: one row per UTC day of the period
-- parameters: $1 first day, $2 last day
with units as (
    select date_key, sum(total_quantity) as units
    from gold.item_category_performance
    where date_key between $1::date and $2::date
    group by date_key
)

select
    $1::date + numbers.number as date_key,
    coalesce(days.total_orders, 0) as orders,
    coalesce(days.total_customers, 0) as customers,
    coalesce(units.units, 0) as units,
    coalesce(days.order_total_amount_day, 0.00) as revenue,
    days.avg_ticket as average_ticket
from generate_series(0, $2::date - $1::date) as numbers (number)
left join gold.sales_performance as days on days.date_key = $1::date + numbers.number
left join units on units.date_key = $1::date + numbers.number
order by numbers.number
