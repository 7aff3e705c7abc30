/* @model
description: Sales by place, by day; the place is the one that the order itself names
grain: one row per day, country and city with at least one purchase
key: [date_key, country, city]
load: additive
count: orders
columns:
  date_key: { type: date, description: 'Day, in the zone of the reports' }
  country: { type: text, description: Country code }
  city: { type: text, description: City }
  orders: { type: bigint, description: Purchases }
  customers: { type: bigint, description: 'Customers who bought, guests not counted' }
  revenue: { type: 'numeric(38,2)', description: Sum of the order totals }
checks:
  - name: no more customers than orders
    that: customers <= orders
    severity: error
*/
select
    date_key,
    country,
    city,
    sum(orders) as orders,
    sum(case when customer_id <> '' then 1 else 0 end) as customers,
    sum(total_amount) as revenue
from gold.customer_days
group by date_key, country, city
