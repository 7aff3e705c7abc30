-- PostgreSQL: what silver knows of the transactions of a window, whose ids are in pg_temp.window_ids.
-- Lookups by key, one for each id (limits keep the planner from turning them into scans), so that the cost follows the
-- window and never the tables. Only a transaction that silver has can have discarded events.
with current_events as materialized (
    select facts.*
    from pg_temp.window_ids as ids
    cross join lateral (
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
        where transaction_id = ids.transaction_id
        limit 1
    ) as facts
)

select *
from current_events
union all
select discarded.*
from current_events
cross join lateral (
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
    where transaction_id = current_events.transaction_id
    limit 1000000
) as discarded
