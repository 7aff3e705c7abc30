/* @model
description: Order lines as stored; read them through fact_transaction_items
grain: one row per order line
key: [transaction_key, line_number]
indexes: ['using brin (event_timestamp)']
load: replace_transactions
window: transaction_key
columns:
  transaction_key: { type: bigint, description: Transaction that the line belongs to }
  line_number: { type: integer, description: 'Place of the line in its order, from 1' }
  item_id: { type: text, description: Product }
  event_timestamp: { type: timestamptz, description: When it happened }
  category: { type: text, description: Category of the product }
  unit_price: { type: 'numeric(18,4)', description: Price of one unit }
  quantity: { type: 'numeric(12,3)', description: 'Units, whole where the source does not say otherwise' }
  discount: { type: 'numeric(18,4)', description: Discount on one unit }
  cost: { type: 'numeric(18,4)', description: Cost of one unit }
*/
select
    transactions.transaction_key,
    items.line_number,
    items.item_id,
    transactions.event_timestamp,
    items.category,
    items.unit_price,
    items.quantity,
    items.discount,
    items.cost
from source.items
inner join source.transactions as winners on items.event_no = winners.event_no
inner join silver.fact_transactions as transactions on winners.transaction_id = transactions.transaction_id
order by transactions.transaction_key, items.line_number
