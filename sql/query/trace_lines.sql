-- The order lines of a transaction.
-- grain: one row per order line
-- parameters: $1 transaction id
select
    line_number,
    item_id,
    category,
    round(unit_price, greatest(2, scale(trim_scale(unit_price)))) as unit_price,
    trim_scale(quantity) as quantity,
    round(discount, greatest(2, scale(trim_scale(discount)))) as discount,
    round(cost, greatest(2, scale(trim_scale(cost)))) as cost
from silver.fact_transaction_items
where transaction_id = $1
order by line_number
