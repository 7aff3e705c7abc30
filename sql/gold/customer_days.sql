/* @model
description: What each customer bought, by day and place; sales by day, places and customers are summed from it
grain: one row per day, customer, country and city with at least one purchase
key: [customer_id, date_key, country, city]
indexes: ['(date_key)']
load: additive
count: orders
event_types: [purchase]
columns:
  customer_id: { type: text, description: 'Customer, empty for all guests together' }
  date_key: { type: date, description: 'Day, in the zone of the reports' }
  country: { type: text, description: Country code that the orders name }
  city: { type: text, description: City that the orders name }
  orders: { type: bigint, description: Purchases }
  subtotal: { type: 'numeric(38,2)', description: Sum of the subtotals }
  tax_amount: { type: 'numeric(38,2)', description: Sum of the taxes }
  discount_amount: { type: 'numeric(38,2)', description: Sum of the discounts }
  total_amount: { type: 'numeric(38,2)', description: Sum of the order totals }
*/
select
    coalesce(customer_id, '') as customer_id,
    date_key,
    customer_country as country,
    customer_city as city,
    count(*) as orders,
    sum(report_amount(order_subtotal, reporting_rate)) as subtotal,
    sum(report_amount(order_tax_amount, reporting_rate)) as tax_amount,
    sum(report_amount(order_discount_amount, reporting_rate)) as discount_amount,
    sum(report_amount(order_total_amount, reporting_rate)) as total_amount
from silver.fact_transactions
where event_type = 'purchase'
group by coalesce(customer_id, ''), date_key, customer_country, customer_city
