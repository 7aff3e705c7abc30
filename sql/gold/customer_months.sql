/* @model
description: What each customer bought, by month; customer_performance sums it, so that history is not read again
grain: one row per UTC month and customer with at least one purchase
key: [month_key, customer_id]
load: replace_months
columns:
  month_key: { type: date, description: First day of the month }
  customer_id: { type: text, description: Customer }
  orders: { type: bigint, description: Purchases }
  revenue: { type: 'numeric(38,2)', description: Sum of the order totals }
  first_order_at: { type: timestamptz, description: First purchase of the month }
  last_order_at: { type: timestamptz, description: Last purchase of the month }
*/
select
    cast(date_trunc('month', date_key) as date) as month_key,
    customer_id,
    count(*) as orders,
    sum(order_total_amount) as revenue,
    min(event_timestamp) as first_order_at,
    max(event_timestamp) as last_order_at
from silver.fact_transactions
where event_type = 'purchase'
group by cast(date_trunc('month', date_key) as date), customer_id
