-- The first key of every $1 transactions of a day.
select transaction_key as first
from (
    select
        transaction_key,
        row_number() over (order by transaction_key) as number
    from silver.fact_transactions
    where {is_of_day}
) as numbered
where (number - 1) % $1 = 0
order by 1
