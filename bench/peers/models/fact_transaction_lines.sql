{{ config(
    materialized='incremental',
    unique_key='transaction_key',
    incremental_strategy='delete+insert',
    post_hook="{{ add_keys('add primary key (transaction_key, line_number)') }}"
) }}

with lines as (
    select
        transaction_key,
        event.event_timestamp,
        unnest(event.items) as item,
        generate_subscripts(event.items, 1) as line_number
    from {{ ref('stg_events') }}
)

select
    transaction_key,
    cast(line_number as integer) as line_number,
    item.id as item_id,
    cast(event_timestamp as timestamptz) as event_timestamp,
    item.category,
    item.unit_price,
    item.quantity,
    item.discount,
    item.cost
from lines
