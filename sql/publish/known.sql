-- PostgreSQL: what silver knows of the transactions of a batch, whose ids are in pg_temp.batch_ids.
-- Lookups by key: the planner takes an array of unknown length for a short one, so that the cost follows the batch and
-- never the tables. Only a transaction that silver has can have discarded events.
with current_events as materialized (
    select *
    from silver.fact_transactions
    where transaction_id = any (array(select transaction_id from pg_temp.batch_ids))
),

contents as (
    select
        transaction_key,
        string_agg(
            medallion.line_content(item_id, category, unit_price, quantity, discount, cost), ';' order by line_number
        ) as lines
    from silver.fact_transaction_lines
    where transaction_key = any (array(select transaction_key from current_events))
    group by transaction_key
)

select
    current_events.transaction_key,
    current_events.topic,
    current_events.partition,
    current_events."offset",
    current_events.transaction_id,
    current_events.event_timestamp,
    current_events.date_key,
    current_events.produced_at,
    medallion.content_hash(
        current_events.event_type,
        current_events.event_version,
        current_events.event_timestamp,
        current_events.customer_id,
        current_events.customer_type,
        current_events.customer_country,
        current_events.customer_city,
        current_events.order_status_id,
        current_events.order_payment_method_id,
        current_events.order_currency_id,
        current_events.order_subtotal,
        current_events.order_tax_amount,
        current_events.order_shipping_amount,
        current_events.order_discount_amount,
        current_events.order_total_amount,
        current_events.ordered_at,
        current_events.refunds,
        current_events.order_tax_included,
        current_events.order_exchange_rate,
        current_events.extra,
        coalesce(contents.lines, '')
    ) as content_hash,
    'current' as outcome
from current_events
left join contents on current_events.transaction_key = contents.transaction_key
union all
select
    cast(null as bigint) as transaction_key,
    topic,
    partition,
    "offset",
    transaction_id,
    event_timestamp,
    date_key,
    produced_at,
    content_hash,
    outcome
from silver.discarded_events
where transaction_id = any (array(select transaction_id from current_events))
