{{ config(
    materialized='incremental',
    unique_key='id',
    incremental_strategy='delete+insert',
    post_hook="{{ add_keys('add primary key (id)') }}"
) }}

with lines as (
    select
        event.event_timestamp,
        "offset",
        unnest(event.items) as item
    from {{ ref('stg_events') }}
)

select
    item.id as id,
    arg_max(item.category, (event_timestamp, "offset")) as category,
    arg_max(item.unit_price, (event_timestamp, "offset")) as unit_price,
    arg_max(item.cost, (event_timestamp, "offset")) as cost,
    cast(max(event_timestamp) as timestamptz) as event_timestamp
from lines
group by item.id
