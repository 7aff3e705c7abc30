/* @model
description: What each category sold, by day
grain: one row per day and category with at least one purchased order line
key: [date_key, category]
load: additive
count: order_lines
event_types: [purchase]
columns:
  date_key: { type: date, description: 'Day, in the zone of the reports' }
  category: { type: text, description: Category }
  total_quantity: { type: 'numeric(38,3)', description: Units }
  order_lines: { type: bigint, description: Order lines }
  revenue: { type: 'numeric(38,2)', description: 'Sum of unit price times quantity, rounded by order line, before discounts' }
  cost: { type: 'numeric(38,2)', description: 'Sum of cost times quantity, rounded by order line' }
  unit_prices: { type: 'numeric(38,4)', description: Sum of the unit prices of the order lines }
  discounts: { type: 'numeric(38,4)', description: Sum of their discounts on one unit }
  costs: { type: 'numeric(38,4)', description: Sum of their costs of one unit }
  avg_unit_price: { type: 'numeric(22,4)', description: Mean unit price of the order lines, derived: 'exact_mean(unit_prices, order_lines)' }
  avg_quantity: { type: 'numeric(22,4)', description: Mean quantity of the order lines, derived: 'exact_mean(total_quantity, order_lines)' }
  avg_discount: { type: 'numeric(22,4)', description: Mean discount on one unit of the order lines, derived: 'exact_mean(discounts, order_lines)' }
  avg_cost: { type: 'numeric(22,4)', description: Mean cost of one unit of the order lines, derived: 'exact_mean(costs, order_lines)' }
checks:
  - name: a category has units
    that: total_quantity > 0
    severity: error
*/
with lines as (
    select
        transactions.date_key,
        transactions.reporting_rate,
        items.category,
        items.unit_price,
        items.quantity,
        items.discount,
        items.cost
    from silver.fact_transaction_items as items
    inner join silver.fact_transactions as transactions on items.transaction_key = transactions.transaction_key
    where transactions.event_type = 'purchase'
)

select
    date_key,
    category,
    sum(quantity) as total_quantity,
    count(*) as order_lines,
    sum(report_amount(line_amount(unit_price, quantity), reporting_rate)) as revenue,
    sum(report_amount(line_amount(cost, quantity), reporting_rate)) as cost,
    sum(report_unit_amount(unit_price, reporting_rate)) as unit_prices,
    sum(report_unit_amount(discount, reporting_rate)) as discounts,
    sum(report_unit_amount(cost, reporting_rate)) as costs
from lines
group by date_key, category
