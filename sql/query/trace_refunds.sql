-- The refunds that take an order back.
-- grain: one row per refund
-- parameters: $1 transaction id of the order
select
    transaction_id,
    ordered_at,
    date_key,
    order_currency_id,
    order_total_amount
from silver.fact_transactions
where event_type = 'refund' and refunds = $1
order by ordered_at, transaction_id
limit 1000
