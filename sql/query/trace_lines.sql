-- The order lines of a transaction.
-- grain: one row per order line
-- parameters: $1 transaction id
select line_number, item_id, category, unit_price, quantity, discount, cost
from silver.fact_transaction_items
where transaction_id = $1
order by line_number
