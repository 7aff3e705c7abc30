/* @model
description: What each product sold and earned, by day
grain: one row per day and product with at least one purchased order line
key: [date_key, item_id]
load: additive
count: units
event_types: [purchase]
columns:
  date_key: { type: date, description: 'Day, in the zone of the reports' }
  item_id: { type: text, description: Product }
  units: { type: 'numeric(38,3)', description: Units }
  revenue: { type: 'numeric(38,2)', description: 'Sum of unit price times quantity, rounded by order line, before discounts' }
  cost: { type: 'numeric(38,2)', description: 'Sum of cost times quantity, rounded by order line' }
  margin: { type: 'numeric(38,2)', description: Revenue less cost, derived: revenue - cost }
checks:
  - name: margin is revenue less cost
    that: margin = revenue - cost
    severity: error
*/
with lines as (
    select
        transactions.date_key,
        transactions.reporting_rate,
        items.item_id,
        items.unit_price,
        items.quantity,
        items.cost
    from silver.fact_transaction_items as items
    inner join silver.fact_transactions as transactions on items.transaction_key = transactions.transaction_key
    where transactions.event_type = 'purchase'
)

select
    date_key,
    item_id,
    sum(quantity) as units,
    sum(report_amount(line_amount(unit_price, quantity), reporting_rate)) as revenue,
    sum(report_amount(line_amount(cost, quantity), reporting_rate)) as cost
from lines
group by date_key, item_id
