-- PostgreSQL: what silver knows of the transactions of a window, whose ids are in pg_temp.window_ids.
-- A lateral lookup for each id, so that the cost follows the window and never the tables.
select
    known.transaction_key,
    known.topic,
    known.partition,
    known."offset",
    known.transaction_id,
    known.event_timestamp,
    known.date_key,
    known.produced_at,
    known.content_hash,
    known.outcome
from pg_temp.window_ids as ids
cross join lateral (
    (
        select
            facts.transaction_key,
            facts.topic,
            facts.partition,
            facts."offset",
            facts.transaction_id,
            facts.event_timestamp,
            facts.date_key,
            facts.produced_at,
            facts.content_hash,
            'current' as outcome
        from silver.fact_transactions as facts
        where facts.transaction_id = ids.transaction_id
        limit 1
    )
    union all
    (
        select
            null,
            discarded.topic,
            discarded.partition,
            discarded."offset",
            discarded.transaction_id,
            discarded.event_timestamp,
            discarded.date_key,
            discarded.produced_at,
            discarded.content_hash,
            discarded.outcome
        from silver.discarded_events as discarded
        where discarded.transaction_id = ids.transaction_id
        -- Without a limit the planner may turn the lookup into a scan; nobody sends one order so many times.
        limit 1000000
    )
) as known
