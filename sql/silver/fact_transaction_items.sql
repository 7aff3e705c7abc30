/* @model
description: Order lines of the transactions
grain: one row per order line
key: [transaction_key, line_number]
load: view
window: transaction_key
columns:
  transaction_id: { type: text, description: Transaction id }
  line_number: { type: integer, description: 'Place of the line in its order, from 1' }
  item_id: { type: text, description: Product }
  event_timestamp: { type: timestamptz, description: When it happened }
  category: { type: text, description: Category of the product }
  unit_price: { type: 'numeric(18,4)', description: Price of one unit }
  quantity: { type: 'numeric(12,3)', description: 'Units, whole where the source does not say otherwise' }
  discount: { type: 'numeric(18,4)', description: Discount on one unit }
  cost: { type: 'numeric(18,4)', description: Cost of one unit }
  transaction_key: { type: bigint, description: Surrogate key of the transaction }
  topic: { type: text, description: Topic of the bronze event }
  partition: { type: integer, description: Partition of the bronze event }
  offset: { type: bigint, description: Offset of the bronze event }
  run_id: { type: bigint, description: The run of promote that wrote the transaction }
  ordered_at: { type: timestamptz, description: When the order was made }
*/
-- A left join, so that PostgreSQL leaves the transactions out when none of their columns is asked for.
select
    transactions.transaction_id,
    lines.line_number,
    lines.item_id,
    lines.event_timestamp,
    lines.category,
    lines.unit_price,
    lines.quantity,
    lines.discount,
    lines.cost,
    lines.transaction_key,
    transactions.topic,
    transactions.partition,
    transactions."offset",
    transactions.run_id,
    transactions.ordered_at
from silver.fact_transaction_lines as lines
left join silver.fact_transactions as transactions on lines.transaction_key = transactions.transaction_key
