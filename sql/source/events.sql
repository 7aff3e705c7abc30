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
        extra,
        event.items,
        event.transaction_id,
        event.event_type,
        event.event_version,
        time_of(event.event_timestamp) as event_timestamp,
        event.ordered_at is null as is_ordered_at_event,
        time_of(event.ordered_at) as ordered_at,
        event.refunds,
        coalesce(event.customer.guest, false) as is_guest,
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
        cast(event."order".total_amount as decimal(18, 2)) as order_total_amount,
        coalesce(event."order".tax_included, false) as order_tax_included,
        case
            -- No rate is 0: what is there and is none makes the event doubtful.
            when event."order".exchange_rate is not null
                then coalesce(try_cast(event."order".exchange_rate as decimal(20, 10)), 0)
        end as order_exchange_rate
    from source.parsed
),

-- An order was made when its event says so, else when the event happened. A guest is no customer.
ordered as (
    select
        * exclude (is_ordered_at_event) replace (
            case when is_ordered_at_event then event_timestamp else ordered_at end as ordered_at,
            case when not is_guest then customer_id end as customer_id
        )
    from typed
)

select
    ordered.*,
    cast(shop_time(ordered.ordered_at) as date) as date_key,
    cast(extract(hour from shop_time(ordered.ordered_at)) as smallint) as ordered_hour,
    nullif(len(ordered.items), 0) as line_count
from ordered
