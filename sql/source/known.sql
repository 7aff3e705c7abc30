-- PostgreSQL: what silver knows of the transactions of a window, whose ids are in pg_temp.window_ids.
-- Lookups by key: the planner takes an array of unknown length for a short one, so that the cost follows the window and
-- never the tables. Only a transaction that silver has can have discarded events.
with current_events as materialized (
    select
        transaction_key,
        topic,
        partition,
        "offset",
        transaction_id,
        event_timestamp,
        date_key,
        produced_at,
        content_hash,
        'current' as outcome
    from silver.fact_transactions
    where transaction_id = any (array(select transaction_id from pg_temp.window_ids))
)

select *
from current_events
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
