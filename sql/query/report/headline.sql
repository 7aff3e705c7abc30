-- The figures of the period beside those of the period of the same length before it.
-- grain: one row per figure
-- parameters: $1 first day, $2 last day
with periods as (
    select true as is_current, $1::date as first_day, $2::date as last_day
    union all
    select false, $1::date - ($2::date - $1::date + 1), $1::date - 1
),

sales as (
    select
        periods.is_current,
        coalesce(sum(days.total_orders), 0) as orders,
        coalesce(sum(days.order_total_amount_day), 0.00) as revenue,
        coalesce(sum(days.order_subtotal_day), 0) as subtotal,
        coalesce(sum(days.order_discount_amount_day), 0) as discount
    from periods
    left join gold.sales_performance as days
        on days.date_key between periods.first_day and periods.last_day
    group by periods.is_current
),

goods as (
    select
        periods.is_current,
        trim_scale(coalesce(sum(days.total_quantity), 0)) as units,
        coalesce(sum(days.revenue), 0) as revenue,
        coalesce(sum(days.revenue - days.cost), 0) as margin
    from periods
    left join gold.item_category_performance as days
        on days.date_key between periods.first_day and periods.last_day
    group by periods.is_current
),

-- A customer who buys on two days is one customer of the period: gold's days cannot say how many there are. A
-- transaction's key begins with its day, so that a period is a range of the primary key.
customers as (
    select periods.is_current, buyers.customers, buyers.repeating
    from periods
    cross join lateral (
        select count(*) as customers, count(*) filter (where bought.orders > 1) as repeating
        from (
            select count(*) as orders
            from silver.fact_transactions as transactions
            where
                transactions.event_type = 'purchase'
                and transactions.customer_id is not null
                and transactions.transaction_key
                >= (periods.first_day - date '1900-01-01')::bigint << 40
                and transactions.transaction_key
                < (periods.last_day + 1 - date '1900-01-01')::bigint << 40
            group by transactions.customer_id
        ) as bought
    ) as buyers
),

figures as (
    select is_current, 1 as place, 'revenue' as figure, revenue as value from sales
    union all
    select is_current, 2, 'orders', orders from sales
    union all
    -- Twenty decimals in the division leave one rounding only, the last.
    select is_current, 3, 'average_ticket', round(revenue::numeric(60, 20) / nullif(orders, 0), 2)
    from sales
    union all
    select is_current, 4, 'customers', customers from customers
    union all
    select is_current, 5, 'units', units from goods
    union all
    select is_current, 6, 'units_an_order', round(goods.units::numeric(60, 20) / nullif(sales.orders, 0), 2)
    from goods
    inner join sales using (is_current)
    union all
    select is_current, 7, 'gross_margin', round(margin * 100 / nullif(revenue, 0), 1) from goods
    union all
    select is_current, 8, 'discount_share', round(discount * 100 / nullif(subtotal, 0), 1) from sales
    union all
    select is_current, 9, 'repeat_rate', round(repeating * 100.0 / nullif(customers, 0), 1) from customers
)

select
    this_period.figure,
    this_period.value,
    period_before.value as value_before,
    round(
        (this_period.value - period_before.value) * 100 / nullif(abs(period_before.value), 0), 1
    ) as change_percent
from figures as this_period
inner join figures as period_before
    on this_period.place = period_before.place and not period_before.is_current
where this_period.is_current
order by this_period.place
