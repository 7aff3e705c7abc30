-- The purchases of silver and what gold says of them, for the days $1, or for all where that is null.
-- Amounts are in cents.
-- grain: one row per UTC day that either of them has
with silver_days as (
    select
        date_key,
        count(*) as orders,
        sum(medallion.report_amount(order_subtotal, reporting_rate)) as subtotal,
        sum(medallion.report_amount(order_tax_amount, reporting_rate)) as tax_amount,
        sum(medallion.report_amount(order_discount_amount, reporting_rate)) as discount_amount,
        sum(medallion.report_amount(order_total_amount, reporting_rate)) as total_amount
    from silver.fact_transactions
    where event_type = 'purchase' and ($1::date[] is null or date_key = any ($1))
    group by date_key
),

gold_days as (
    select *
    from gold.sales_performance
    where $1::date[] is null or date_key = any ($1)
)

select
    days.date_key,
    stale_dates.date_key is not null as is_waiting,
    coalesce(silver_days.orders, 0)::bigint as orders,
    (coalesce(silver_days.subtotal, 0) * 100)::bigint as subtotal,
    (coalesce(silver_days.tax_amount, 0) * 100)::bigint as tax_amount,
    (coalesce(silver_days.discount_amount, 0) * 100)::bigint as discount_amount,
    (coalesce(silver_days.total_amount, 0) * 100)::bigint as total_amount,
    coalesce(gold_days.total_orders, 0)::bigint as gold_orders,
    (coalesce(gold_days.order_subtotal_day, 0) * 100)::bigint as gold_subtotal,
    (coalesce(gold_days.order_tax_amount_day, 0) * 100)::bigint as gold_tax_amount,
    (coalesce(gold_days.order_discount_amount_day, 0) * 100)::bigint as gold_discount_amount,
    (coalesce(gold_days.order_total_amount_day, 0) * 100)::bigint as gold_total_amount
from (select date_key from silver_days union select date_key from gold_days) as days
left join silver_days using (date_key)
left join gold_days using (date_key)
left join medallion.stale_dates using (date_key)
order by days.date_key
