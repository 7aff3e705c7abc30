/* @model
description: Sales by weekday, by day
grain: one row per UTC day with at least one purchase
key: [date_key]
load: additive
count: orders
event_types: [purchase]
columns:
  date_key: { type: date, description: UTC day }
  weekday:
    type: text
    description: Day of the week in English
    derived: >-
      (select weekday_name from silver.dim_date as dates
      where dates.date_key = weekday_sales.date_key)
  orders: { type: bigint, description: Purchases }
  revenue: { type: 'numeric(38,2)', description: Sum of the order totals }
checks:
  - { name: a day has orders, that: orders > 0, severity: error }
*/
select
    date_key,
    count(*) as orders,
    sum(order_total_amount) as revenue
from silver.fact_transactions
where event_type = 'purchase'
group by date_key
