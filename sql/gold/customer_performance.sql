/* @model
description: >-
  Customers by recency, frequency and money, each compared with all others: computed by every promote, and by run and a
  watch at most every 15 minutes and when a day has ended; customer_sales is always current
grain: one row per customer with at least one purchase
key: [customer_id]
load: replace_all
refresh: 15m
columns:
  customer_id: { type: text, description: Customer }
  orders: { type: bigint, description: Purchases }
  revenue: { type: 'numeric(38,2)', description: Sum of the order totals }
  first_order_at: { type: timestamptz, description: First purchase }
  last_order_at: { type: timestamptz, description: Last purchase }
  recency_days: { type: integer, description: Days from the last purchase to the latest one of anyone that is not ahead of the clock by more than a day }
  recency_score: { type: smallint, description: 'Fifth of the customers by last purchase, 5 is the most recent' }
  frequency_score: { type: smallint, description: 'Fifth of the customers by orders, 5 is the most' }
  monetary_score: { type: smallint, description: 'Fifth of the customers by revenue, 5 is the most' }
  segment: { type: text, description: 'champion, loyal, new, promising, at risk or dormant, from the three scores' }
checks:
  - name: a customer has orders
    that: orders > 0
    severity: error
*/
-- A single event of a producer with a wrong clock must not make everybody else a customer of long ago.
with latest as (
    select
        coalesce(
            max(case when last_order_at <= current_timestamp + interval '1' day then last_order_at end),
            max(last_order_at)
        ) as order_at
    from gold.customer_sales
),

scored as (
    select
        customers.*,
        greatest(
            days_between(cast(customers.last_order_at as date), cast(latest.order_at as date)), 0
        ) as recency_days,
        ntile(5) over (order by last_order_at, customer_id) as recency_score,
        ntile(5) over (order by orders, customer_id) as frequency_score,
        ntile(5) over (order by revenue, customer_id) as monetary_score
    from gold.customer_sales as customers
    cross join latest
)

select
    customer_id,
    orders,
    revenue,
    first_order_at,
    last_order_at,
    recency_days,
    recency_score,
    frequency_score,
    monetary_score,
    case
        when recency_score >= 4 and frequency_score >= 4 and monetary_score >= 4 then 'champion'
        when recency_score >= 3 and frequency_score >= 3 then 'loyal'
        when recency_score >= 4 and orders = 1 then 'new'
        when recency_score >= 3 then 'promising'
        when frequency_score >= 3 or monetary_score >= 4 then 'at risk'
        else 'dormant'
    end as segment
from scored
