{{ config(
    materialized='incremental',
    unique_key='id',
    incremental_strategy='delete+insert',
    post_hook="{{ add_keys('add primary key (id)') }}"
) }}

select
    event.customer.id as id,
    arg_max(event.customer.type, (event.event_timestamp, "offset")) as type,
    arg_max(event.customer.city, (event.event_timestamp, "offset")) as city,
    arg_max(event.customer.country, (event.event_timestamp, "offset")) as country,
    cast(max(event.event_timestamp) as timestamptz) as event_timestamp
from {{ ref('stg_events') }}
group by event.customer.id
