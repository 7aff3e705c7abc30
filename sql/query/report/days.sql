-- Sales by day, days without a sale included; the mean is that of the seven days up to each.
-- grain: one row per UTC day of the period
-- parameters: $1 first day, $2 last day
with units as (
    select date_key, trim_scale(sum(total_quantity)) as units
    from gold.item_category_performance
    where date_key between $1::date and $2::date
    group by date_key
),

days as (
    select
        $1::date + numbers.number as date_key,
        coalesce(sales.total_orders, 0) as orders,
        coalesce(sales.total_customers, 0) as customers,
        coalesce(sales.order_total_amount_day, 0.00) as revenue,
        sales.avg_ticket as average_ticket,
        round(
            avg(coalesce(sales.order_total_amount_day, 0))
                over (order by numbers.number rows between 6 preceding and current row),
            2
        ) as mean_of_7_days
    from generate_series(-6, $2::date - $1::date) as numbers (number)
    left join gold.sales_performance as sales on sales.date_key = $1::date + numbers.number
)

select
    days.date_key,
    days.orders,
    days.customers,
    coalesce(units.units, 0) as units,
    days.revenue,
    days.average_ticket,
    days.mean_of_7_days
from days
left join units on days.date_key = units.date_key
where days.date_key >= $1::date
order by days.date_key
