/* @model
description: Sales by day
grain: one row per UTC day with at least one purchase
key: [date_key]
load: replace_days
restatements: { orders: total_orders, total: order_total_amount_day }
columns:
  date_key: { type: date, description: UTC day }
  total_orders: { type: bigint, description: Purchases }
  total_customers: { type: bigint, description: Customers who bought }
  order_subtotal_day: { type: 'numeric(38,2)', description: Sum of the subtotals }
  order_tax_amount_day: { type: 'numeric(38,2)', description: Sum of the taxes }
  order_discount_amount_day: { type: 'numeric(38,2)', description: Sum of the discounts }
  order_total_amount_day: { type: 'numeric(38,2)', description: Sum of the order totals }
  avg_ticket: { type: 'numeric(22,4)', description: Order total over orders }
  avg_customer_ticket: { type: 'numeric(22,4)', description: Mean over the day's customers of each one's mean order total }
checks:
  - name: a day has orders
    that: total_orders > 0
    severity: error
  - name: no more customers than orders
    that: total_customers <= total_orders
    severity: error
*/
with purchases as (
    select *
    from silver.fact_transactions
    where event_type = 'purchase'
),

customer_days as (
    select
        date_key,
        customer_id,
        count(*) as orders,
        sum(order_subtotal) as subtotal,
        sum(order_tax_amount) as tax_amount,
        sum(order_discount_amount) as discount_amount,
        sum(order_total_amount) as total_amount
    from purchases
    group by date_key, customer_id
)

select
    date_key,
    sum(orders) as total_orders,
    count(*) as total_customers,
    sum(subtotal) as order_subtotal_day,
    sum(tax_amount) as order_tax_amount_day,
    sum(discount_amount) as order_discount_amount_day,
    sum(total_amount) as order_total_amount_day,
    exact_mean(sum(total_amount), sum(orders)) as avg_ticket,
    mean_of_means(sum(fine_mean(total_amount, orders)), count(*)) as avg_customer_ticket
from customer_days
group by date_key
