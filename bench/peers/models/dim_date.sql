{{ config(
    materialized='incremental',
    unique_key='date_key',
    incremental_strategy='delete+insert',
    post_hook="{{ add_keys('add primary key (date_key)') }}"
) }}

with days as (
    select distinct cast(event.event_timestamp as date) as date_key
    from {{ ref('stg_events') }}
)

select
    date_key,
    cast(extract(year from date_key) as integer) as year,
    cast(extract(quarter from date_key) as integer) as quarter,
    cast(extract(month from date_key) as integer) as month,
    monthname(date_key) as month_name,
    cast(extract(day from date_key) as integer) as day,
    cast(extract(isoyear from date_key) as integer) as iso_year,
    cast(extract(week from date_key) as integer) as iso_week,
    cast(extract(isodow from date_key) as integer) as weekday,
    dayname(date_key) as weekday_name,
    extract(isodow from date_key) >= 6 as is_weekend
from days
