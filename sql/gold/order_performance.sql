/* @model
description: Sales by state of the order and currency, by day
grain: one row per day, order status and currency with at least one purchase
key: [date_key, order_status_id, order_currency_id]
load: additive
count: orders
event_types: [purchase]
columns:
  date_key: { type: date, description: 'Day, in the zone of the reports' }
  order_status_id: { type: integer, description: State of the order }
  order_currency_id: { type: integer, description: Currency that the orders are in }
  order_status:
    type: text
    description: What the state means
    derived: >-
      (select statuses.name from silver.dim_order_status as statuses
      where statuses.id = order_performance.order_status_id)
  currency:
    type: text
    description: 'Code of the currency, or its name where it has none'
    derived: >-
      (select coalesce(currencies.code, currencies.name) from silver.dim_currency as currencies
      where currencies.id = order_performance.order_currency_id)
  orders: { type: bigint, description: Purchases }
  subtotal: { type: 'numeric(38,2)', description: Sum of the subtotals }
  discount_amount: { type: 'numeric(38,2)', description: Sum of the discounts }
  revenue: { type: 'numeric(38,2)', description: Sum of the order totals }
checks:
  - name: every state and currency has a name
    that: order_status is not null and currency is not null
    severity: error
*/
select
    date_key,
    order_status_id,
    order_currency_id,
    count(*) as orders,
    sum(report_amount(order_subtotal, reporting_rate)) as subtotal,
    sum(report_amount(order_discount_amount, reporting_rate)) as discount_amount,
    sum(report_amount(order_total_amount, reporting_rate)) as revenue
from silver.fact_transactions
where event_type = 'purchase'
group by date_key, order_status_id, order_currency_id
