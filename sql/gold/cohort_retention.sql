/* @model
description: >-
  How many of the customers who began in a month bought in the months after it. All of them bought in month 0, so that
  retention is customers over those of that row
grain: one row per month with new customers and month in which some of them bought
key: [cohort_month, month_key]
load: additive
count: customers
columns:
  cohort_month: { type: date, description: First day of the month of the customers' first purchase }
  month_key: { type: date, description: First day of the month in which they bought }
  month_number:
    type: integer
    description: 'Months from the first one on, 0 is the first'
    derived: >-
      12 * (extract(year from month_key) - extract(year from cohort_month))
      + extract(month from month_key) - extract(month from cohort_month)
  customers: { type: bigint, description: Customers of that first month who bought in the month }
  orders: { type: bigint, description: Their purchases in the month }
  revenue: { type: 'numeric(38,2)', description: Sum of the order totals }
checks:
  - name: nobody buys before the first purchase
    that: month_key >= cohort_month
    severity: error
*/
select
    cast(date_trunc('month', first_day) as date) as cohort_month,
    month_key,
    sum(customers) as customers,
    sum(orders) as orders,
    sum(revenue) as revenue
from gold.customer_cohorts
group by cast(date_trunc('month', first_day) as date), month_key
