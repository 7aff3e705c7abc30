/* @model
description: What each product sold and earned, by month; answers over a year what days would take long for
grain: one row per month and product with at least one purchased order line
key: [month_key, item_id]
load: additive
count: units
columns:
  month_key: { type: date, description: First day of the month }
  item_id: { type: text, description: Product }
  units: { type: 'numeric(38,3)', description: Units }
  revenue: { type: 'numeric(38,2)', description: 'Sum of unit price times quantity, rounded by order line, before discounts' }
  cost: { type: 'numeric(38,2)', description: 'Sum of cost times quantity, rounded by order line' }
  margin: { type: 'numeric(38,2)', description: Revenue less cost, derived: revenue - cost }
checks:
  - name: a month begins on its first day
    that: extract(day from month_key) = 1
    severity: error
*/
select
    cast(date_trunc('month', date_key) as date) as month_key,
    item_id,
    sum(units) as units,
    sum(revenue) as revenue,
    sum(cost) as cost
from gold.product_performance
group by cast(date_trunc('month', date_key) as date), item_id
