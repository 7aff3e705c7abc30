-- Events that are not valid beyond doubt: each is judged on its own by src/event/judge.ts, which alone rejects.
select event_no
from source.events
where
    transaction_id is null
    or length(transaction_id) > 200
    or event_type is null
    or length(event_type) > 200
    or event_version is null
    or not regexp_full_match(event_version, '1(\.[0-9]+)*')
    or length(event_version) > 200
    or event_timestamp is null
    or event_timestamp < timestamptz '1900-01-01 00:00:00+00'
    or event_timestamp >= timestamptz '10000-01-01 00:00:00+00'
    or ordered_at is null
    or ordered_at < timestamptz '1900-01-01 00:00:00+00'
    or ordered_at >= timestamptz '10000-01-01 00:00:00+00'
    or length(refunds) > 200
    or (customer_id is null and not is_guest)
    or length(customer_id) > 200
    or length(customer_type) > 200
    or length(customer_country) > 200
    or length(customer_city) > 200
    or order_status_id is null
    or order_status_id not in (select id from silver.dim_order_status)
    or order_payment_method_id is null
    or order_payment_method_id not in (select id from silver.dim_payment_method)
    or order_currency_id is null
    or order_currency_id not in (select id from silver.dim_currency)
    or order_subtotal is null
    or abs(order_subtotal) >= 1000000000000
    or order_tax_amount is null
    or abs(order_tax_amount) >= 1000000000000
    or order_shipping_amount is null
    or abs(order_shipping_amount) >= 1000000000000
    or order_discount_amount is null
    or abs(order_discount_amount) >= 1000000000000
    or order_total_amount is null
    or abs(order_total_amount) >= 1000000000000
    or order_exchange_rate <= 0
    or order_exchange_rate >= 1000000000
    or line_count is null
union
select event_no
from source.items
where
    item_id is null
    or length(item_id) > 200
    or category is null
    or length(category) > 200
    or unit_price is null
    or unit_price < 0
    or unit_price >= 1000000000000
    or quantity is null
    -- Only the judge lets parts of a unit pass.
    or quantity <= 0
    or quantity > 1000000
    or discount is null
    or abs(discount) >= 1000000000000
    or cost is null
    or cost < 0
    or cost >= 1000000000000
