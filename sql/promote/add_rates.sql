-- Gives the transactions that had no exchange rate the one that is there by now; returns their days, which become stale.
-- A rate once given stays until silver is made again.
with rates as (
    select
        currencies.id as currency_id,
        given.valid_from,
        given.rate
    from silver.exchange_rates as given
    inner join silver.dim_currency as currencies
        on upper(trim(given.currency)) in (upper(currencies.code), upper(currencies.name))
    where given.rate > 0
),

found as (
    select
        facts.transaction_key,
        latest.rate
    from silver.fact_transactions as facts
    cross join lateral (
        select rates.rate
        from rates
        where rates.currency_id = facts.order_currency_id and rates.valid_from <= facts.date_key
        order by rates.valid_from desc
        limit 1
    ) as latest
    where facts.reporting_rate is null
),

given as (
    update silver.fact_transactions as facts
    set reporting_rate = found.rate
    from found
    where facts.transaction_key = found.transaction_key
    returning facts.date_key
)

insert into medallion.stale_dates as days (date_key, events)
select
    date_key,
    0
from given
group by date_key
on conflict (date_key) do nothing
