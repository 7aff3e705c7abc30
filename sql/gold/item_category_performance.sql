/* @model
description: What each category sold, by day
grain: one row per UTC day and category with at least one purchased order line
key: [date_key, category]
load: replace_days
columns:
  date_key: { type: date, description: UTC day }
  category: { type: text, description: Category }
  total_quantity: { type: bigint, description: Units }
  order_lines: { type: bigint, description: Order lines }
  revenue: { type: 'numeric(38,2)', description: 'Sum of unit price times quantity, before discounts' }
  avg_unit_price: { type: 'numeric(22,4)', description: Mean unit price of the order lines }
  avg_quantity: { type: 'numeric(22,4)', description: Mean quantity of the order lines }
  avg_discount: { type: 'numeric(22,4)', description: Mean discount on one unit of the order lines }
  avg_cost: { type: 'numeric(22,4)', description: Mean cost of one unit of the order lines }
checks:
  - name: a category has units
    that: total_quantity >= order_lines
    severity: error
*/
with lines as (
    select
        transactions.date_key,
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
    sum(cast(unit_price as decimal(38, 2)) * quantity) as revenue,
    exact_mean(sum(unit_price), count(*)) as avg_unit_price,
    exact_mean(sum(quantity), count(*)) as avg_quantity,
    exact_mean(sum(discount), count(*)) as avg_discount,
    exact_mean(sum(cost), count(*)) as avg_cost
from lines
group by date_key, category
