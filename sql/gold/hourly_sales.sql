/* @model
description: Sales by hour of the day; says when a shop sells
grain: one row per day and hour with at least one purchase
key: [date_key, hour]
load: additive
count: orders
event_types: [purchase]
columns:
  date_key: { type: date, description: 'Day, in the zone of the reports' }
  hour: { type: integer, description: 'Hour of the day, 0 to 23' }
  orders: { type: bigint, description: Purchases }
  revenue: { type: 'numeric(38,2)', description: Sum of the order totals }
checks:
  - name: an hour is one of the day
    that: hour between 0 and 23
    severity: error
*/
select
    date_key,
    ordered_hour as hour,
    count(*) as orders,
    sum(report_amount(order_total_amount, reporting_rate)) as revenue
from silver.fact_transactions
where event_type = 'purchase'
group by date_key, ordered_hour
