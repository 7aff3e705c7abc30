-- What silver holds of a transaction.
-- grain: one row
-- parameters: $1 transaction id
select
    transaction_id,
    event_type,
    event_version,
    event_timestamp,
    ordered_at,
    date_key,
    refunds,
    customer_id,
    customer_id is null as is_guest,
    customer_type,
    customer_country,
    customer_city,
    order_status_id,
    order_payment_method_id,
    order_currency_id,
    order_subtotal,
    order_tax_amount,
    order_tax_included,
    order_shipping_amount,
    order_discount_amount,
    order_total_amount,
    order_exchange_rate
from silver.fact_transactions
where transaction_id = $1
