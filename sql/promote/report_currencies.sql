-- Currencies that reports may be in, and whether there is a transaction without an exchange rate, and a rate to give it.
select
    code,
    (
        exists (select from silver.exchange_rates)
        and exists (select from silver.fact_transactions where reporting_rate is null)
    )::text as lacks_rates
from silver.dim_currency
where code is not null
order by code
