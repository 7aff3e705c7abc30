-- The rates of silver.exchange_rates, by the currencies that events name.
select
    currencies.id as currency_id,
    given.valid_from,
    given.rate
from source.given_rates as given
inner join silver.dim_currency as currencies
    on upper(trim(given.currency)) in (upper(currencies.code), upper(currencies.name))
where given.rate > 0
