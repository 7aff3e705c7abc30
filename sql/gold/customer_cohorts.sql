/* @model
description: >-
  What customers buy in the months after their first purchase; new customers of a day, and their first orders, stand in
  its own month
grain: one row per day with new customers and month in which some of them bought
key: [first_day, month_key]
load: additive
count: customers
within: [customer_id]
columns:
  first_day: { type: date, description: Day of the customers' first purchase }
  month_key: { type: date, description: First day of the month in which they bought }
  customers: { type: bigint, description: Customers of that day who bought in the month }
  orders: { type: bigint, description: Their purchases in the month }
  revenue: { type: 'numeric(38,2)', description: Sum of the order totals }
  first_orders: { type: bigint, description: Purchases of their first day itself }
  first_revenue: { type: 'numeric(38,2)', description: Order totals of their first day itself }
checks:
  - name: nobody buys before the first purchase
    that: month_key >= cast(date_trunc('month', first_day) as date)
    severity: error
*/
with firsts as (
    select
        customer_id,
        date_key,
        orders,
        total_amount,
        min(date_key) over (partition by customer_id) as first_day
    from gold.customer_days
    where customer_id <> ''
),

months as (
    select
        customer_id,
        first_day,
        cast(date_trunc('month', date_key) as date) as month_key,
        sum(orders) as orders,
        sum(total_amount) as revenue,
        sum(case when date_key = first_day then orders else 0 end) as first_orders,
        sum(case when date_key = first_day then total_amount else 0 end) as first_revenue
    from firsts
    group by customer_id, first_day, cast(date_trunc('month', date_key) as date)
)

select
    first_day,
    month_key,
    count(*) as customers,
    sum(orders) as orders,
    sum(revenue) as revenue,
    sum(first_orders) as first_orders,
    sum(first_revenue) as first_revenue
from months
group by first_day, month_key
