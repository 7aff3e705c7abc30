/* @model
description: Sales by day
grain: one row per day with at least one purchase
key: [date_key]
load: additive
count: total_orders
within: [customer_id, date_key]
restatements: { orders: total_orders, total: order_total_amount_day }
columns:
  date_key: { type: date, description: 'Day, in the zone of the reports' }
  total_orders: { type: bigint, description: Purchases }
  total_customers: { type: bigint, description: 'Customers who bought, guests not counted' }
  order_subtotal_day: { type: 'numeric(38,2)', description: Sum of the subtotals }
  order_tax_amount_day: { type: 'numeric(38,2)', description: Sum of the taxes }
  order_discount_amount_day: { type: 'numeric(38,2)', description: Sum of the discounts }
  order_total_amount_day: { type: 'numeric(38,2)', description: Sum of the order totals }
  customer_tickets: { type: 'numeric(38,0)', description: 'Sum of the mean order totals of the customers, in units of 10^-16' }
  avg_ticket: { type: 'numeric(22,4)', description: Order total over orders, derived: 'exact_mean(order_total_amount_day, total_orders)' }
  avg_customer_ticket: { type: 'numeric(22,4)', nullable: true, description: 'Mean over the customers of the day of each one''s mean order total, guests left out; null where all are guests', derived: 'mean_of_means(customer_tickets, nullif(total_customers, 0))' }
checks:
  - name: a day has orders
    that: total_orders > 0
    severity: error
  - name: no more customers than orders
    that: total_customers <= total_orders
    severity: error
*/
with customers as (
    select
        date_key,
        customer_id,
        sum(orders) as orders,
        sum(subtotal) as subtotal,
        sum(tax_amount) as tax_amount,
        sum(discount_amount) as discount_amount,
        sum(total_amount) as total_amount
    from gold.customer_days
    group by date_key, customer_id
)

select
    date_key,
    sum(orders) as total_orders,
    sum(case when customer_id <> '' then 1 else 0 end) as total_customers,
    sum(subtotal) as order_subtotal_day,
    sum(tax_amount) as order_tax_amount_day,
    sum(discount_amount) as order_discount_amount_day,
    sum(total_amount) as order_total_amount_day,
    sum(case when customer_id <> '' then fine_mean(total_amount, orders) else 0 end) as customer_tickets
from customers
group by date_key
