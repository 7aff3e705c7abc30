-- depends_on: {{ ref('stg_events') }}
{{ config(
    schema='gold',
    materialized='incremental',
    unique_key=['date_key', 'category'],
    incremental_strategy='delete+insert',
    post_hook="{{ add_keys('add primary key (date_key, category)') }}"
) }}

select
    transactions.date_key,
    items.category,
    cast(sum(items.quantity) as bigint) as total_quantity,
    count(*) as order_lines,
    sum(cast(items.unit_price as decimal(38, 2)) * items.quantity) as revenue,
    cast(avg(items.unit_price) as decimal(22, 4)) as avg_unit_price,
    cast(avg(items.quantity) as decimal(22, 4)) as avg_quantity,
    cast(avg(items.discount) as decimal(22, 4)) as avg_discount,
    cast(avg(items.cost) as decimal(22, 4)) as avg_cost
from {{ ref('fact_transaction_lines') }} as items
inner join {{ ref('fact_transactions') }} as transactions on items.transaction_key = transactions.transaction_key
where
    transactions.event_type = 'purchase'
    {% if is_incremental() %}
    and transactions.date_key in ({{ new_days() }})
    and items.event_timestamp >= {{ first_moment() }}
    {% endif %}
group by transactions.date_key, items.category
