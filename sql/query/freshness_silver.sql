-- The latest event among the last 10,000 transactions of the latest day: keys begin with the day and rise with each
-- batch, so a later one stands beyond them only when a single batch brought more than that for its last day.
-- grain: one row
select
    'silver' as layer,
    (
        select max(latest.event_timestamp)
        from (
            select event_timestamp
            from silver.fact_transactions
            order by transaction_key desc
            limit 10000
        ) as latest
    ) as latest_event_at,
    (select max(updated_at) from medallion.watermarks) as committed_at
