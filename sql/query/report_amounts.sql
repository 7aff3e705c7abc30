-- The currencies that the orders of a period are in, and how many orders have no exchange rate.
-- grain: one row
-- parameters: $1 first day, $2 last day
select
    (
        select coalesce(json_agg(distinct currency order by currency), '[]')
        from gold.order_performance
        where date_key between $1::date and $2::date
    ) as currencies,
    (
        select count(*)::integer
        from silver.fact_transactions
        where reporting_rate is null and event_type = 'purchase' and date_key between $1::date and $2::date
    ) as unrated
