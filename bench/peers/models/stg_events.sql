-- The new events, parsed once, one version of each transaction; in the memory of DuckDB.
{{ config(materialized='table', database='memory', schema='main') }}

{% set facts = adapter.get_relation('pg', 'silver', 'fact_transactions') %}
{% set columns = 'topic, partition, "offset", produced_at, value' %}
with bronze as (
    {% if facts is none %}
    select {{ columns }} from pg.bronze.events
    {% else %}
    -- By its key, in PostgreSQL: a scan of the attached table would read all of it.
    {% set watermark = value_in_postgres('select max("offset") from silver.fact_transactions') %}
    select * from postgres_query('pg', 'select {{ columns }} from bronze.events where topic = (select min(topic) from bronze.events) and partition = 0 and "offset" > {{ watermark }}')
    {% endif %}
),

parsed as (
    select
        topic,
        partition,
        "offset",
        produced_at,
        from_json(value, '{"data": {"transaction_details": {
            "transaction_id": "VARCHAR", "event_type": "VARCHAR", "event_version": "VARCHAR", "event_timestamp": "TIMESTAMP",
            "customer": {"id": "VARCHAR", "type": "VARCHAR", "country": "VARCHAR", "city": "VARCHAR"},
            "order": {"status": "INTEGER", "payment_method": "INTEGER", "currency": "INTEGER",
                "subtotal": "DECIMAL(18,2)", "tax_amount": "DECIMAL(18,2)", "shipping_amount": "DECIMAL(18,2)",
                "discount_amount": "DECIMAL(18,2)", "total_amount": "DECIMAL(18,2)"},
            "items": [{"id": "VARCHAR", "category": "VARCHAR", "unit_price": "DECIMAL(18,2)", "quantity": "INTEGER",
                "discount": "DECIMAL(18,2)", "cost": "DECIMAL(18,2)"}]}}}').data.transaction_details as event
    from bronze
)

select
    -- The same for all versions of a transaction.
    cast(hash(event.transaction_id) >> 1 as bigint) as transaction_key,
    topic,
    partition,
    "offset",
    produced_at,
    event
from parsed
qualify row_number() over (
    partition by event.transaction_id
    order by event.event_timestamp desc, "offset" desc
) = 1
