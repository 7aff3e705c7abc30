{{ config(
    materialized='incremental',
    unique_key='transaction_key',
    incremental_strategy='delete+insert',
    post_hook="{{ add_keys('add primary key (transaction_key), add unique (transaction_id)') }}"
) }}

select
    transaction_key,
    event.transaction_id,
    event.event_type,
    event.event_version,
    cast(event.event_timestamp as timestamptz) as event_timestamp,
    cast(event.event_timestamp as date) as date_key,
    event.customer.id as customer_id,
    event.customer.type as customer_type,
    event.customer.country as customer_country,
    event.customer.city as customer_city,
    event.order.status as order_status_id,
    event.order.payment_method as order_payment_method_id,
    event.order.currency as order_currency_id,
    event.order.subtotal as order_subtotal,
    event.order.tax_amount as order_tax_amount,
    event.order.shipping_amount as order_shipping_amount,
    event.order.discount_amount as order_discount_amount,
    event.order.total_amount as order_total_amount,
    produced_at,
    topic,
    partition,
    "offset"
from {{ ref('stg_events') }}
