-- Events with typed values, amounts rounded half away from zero; what did not fit its type is null. The lines are
-- still the nested ones, of which source.items are made.
with typed as (
    select
        event_no,
        topic,
        partition,
        "offset",
        produced_at,
        value,
        event.items,
        event.transaction_id,
        event.event_type,
        event.event_version,
        try_cast(
            case
                when
                    regexp_full_match(
                        event.event_timestamp,
                        '\d{4}-\d\d-\d\d[T ]([01]\d|2[0-3]):\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-](0\d|1[0-5])(:?[0-5]\d)?)?'
                    )
                    then event.event_timestamp
            end as timestamptz
        ) as event_timestamp,
        event.customer.id as customer_id,
        coalesce(event.customer.type, 'unknown') as customer_type,
        coalesce(event.customer.country, 'unknown') as customer_country,
        coalesce(event.customer.city, 'unknown') as customer_city,
        event."order".status as order_status_id,
        event."order".payment_method as order_payment_method_id,
        event."order".currency as order_currency_id,
        cast(event."order".subtotal as decimal(18, 2)) as order_subtotal,
        cast(event."order".tax_amount as decimal(18, 2)) as order_tax_amount,
        cast(event."order".shipping_amount as decimal(18, 2)) as order_shipping_amount,
        cast(event."order".discount_amount as decimal(18, 2)) as order_discount_amount,
        cast(event."order".total_amount as decimal(18, 2)) as order_total_amount
    from source.parsed
)

select
    typed.*,
    cast(timezone('UTC', typed.event_timestamp) as date) as date_key,
    nullif(len(typed.items), 0) as line_count
from typed
