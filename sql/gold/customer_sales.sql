/* @model
description: What each customer bought over all time; customer_performance ranks it
grain: one row per customer with at least one purchase
key: [customer_id]
load: additive
count: orders
columns:
  customer_id: { type: text, description: Customer }
  orders: { type: bigint, description: Purchases }
  revenue: { type: 'numeric(38,2)', description: Sum of the order totals }
  first_order_at:
    type: timestamptz
    description: First purchase
    derived: >-
      (select min(facts.ordered_at) from silver.fact_transactions as facts
      where facts.customer_id = customer_sales.customer_id and facts.event_type = 'purchase')
  last_order_at:
    type: timestamptz
    description: Last purchase
    derived: >-
      (select max(facts.ordered_at) from silver.fact_transactions as facts
      where facts.customer_id = customer_sales.customer_id and facts.event_type = 'purchase')
*/
select
    customer_id,
    sum(orders) as orders,
    sum(total_amount) as revenue
from gold.customer_days
where customer_id <> ''
group by customer_id
