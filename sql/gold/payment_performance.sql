/* @model
description: Sales by payment method, by day
grain: one row per UTC day and payment method with at least one purchase
key: [date_key, payment_method_id]
load: replace_days
columns:
  date_key: { type: date, description: UTC day }
  payment_method_id: { type: integer, description: Payment method }
  payment_method: { type: text, description: Name of the payment method }
  orders: { type: bigint, description: Purchases }
  revenue: { type: 'numeric(38,2)', description: Sum of the order totals }
checks:
  - name: every payment method has a name
    that: payment_method is not null
    severity: error
*/
select
    transactions.date_key,
    transactions.order_payment_method_id as payment_method_id,
    methods.name as payment_method,
    count(*) as orders,
    sum(transactions.order_total_amount) as revenue
from silver.fact_transactions as transactions
left join silver.dim_payment_method as methods on transactions.order_payment_method_id = methods.id
where transactions.event_type = 'purchase'
group by transactions.date_key, transactions.order_payment_method_id, methods.name
