/* @model
description: Sales by payment method, by day
grain: one row per day and payment method with at least one purchase
key: [date_key, payment_method_id]
load: additive
count: orders
event_types: [purchase]
columns:
  date_key: { type: date, description: 'Day, in the zone of the reports' }
  payment_method_id: { type: integer, description: Payment method }
  payment_method:
    type: text
    description: Name of the payment method
    derived: >-
      (select methods.name from silver.dim_payment_method as methods
      where methods.id = payment_performance.payment_method_id)
  orders: { type: bigint, description: Purchases }
  revenue: { type: 'numeric(38,2)', description: Sum of the order totals }
checks:
  - name: every payment method has a name
    that: payment_method is not null
    severity: error
*/
select
    date_key,
    order_payment_method_id as payment_method_id,
    count(*) as orders,
    sum(report_amount(order_total_amount, reporting_rate)) as revenue
from silver.fact_transactions
where event_type = 'purchase'
group by date_key, order_payment_method_id
