-- depends_on: {{ ref('stg_events') }}
{{ config(
    schema='gold',
    materialized='incremental',
    unique_key='date_key',
    incremental_strategy='delete+insert',
    post_hook="{{ add_keys('add primary key (date_key)') }}"
) }}

with customer_days as (
    select
        date_key,
        customer_id,
        count(*) as orders,
        sum(order_subtotal) as subtotal,
        sum(order_tax_amount) as tax_amount,
        sum(order_discount_amount) as discount_amount,
        sum(order_total_amount) as total_amount
    from {{ ref('fact_transactions') }}
    where event_type = 'purchase'
    {% if is_incremental() %}
        and date_key in ({{ new_days() }})
    {% endif %}
    group by date_key, customer_id
)

select
    date_key,
    cast(sum(orders) as bigint) as total_orders,
    count(*) as total_customers,
    sum(subtotal) as order_subtotal_day,
    sum(tax_amount) as order_tax_amount_day,
    sum(discount_amount) as order_discount_amount_day,
    sum(total_amount) as order_total_amount_day,
    cast(sum(total_amount) / sum(orders) as decimal(22, 4)) as avg_ticket,
    cast(avg(total_amount / orders) as decimal(22, 4)) as avg_customer_ticket
from customer_days
group by date_key
