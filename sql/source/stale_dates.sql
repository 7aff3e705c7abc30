-- Days with a new or corrected transaction, and days that a correction took one away from, each with the events that did it:
-- a correction counts for both its days, and once where they are the same. By losers, where that is asked, also the days of
-- events that lost their transaction now, which changes no fact.
select
    date_key,
    sum(events) as events
from (
    select
        date_key,
        1 as events
    from silver.fact_transactions
    union all
    select
        date_key,
        1
    from source.replaced
    where (transaction_id, date_key) not in (select transaction_id, date_key from silver.fact_transactions)
    union all
    select
        date_key,
        0
    from source.dedup_results
    where {by_losers} and outcome <> 'current' and outcome is distinct from known_outcome
)
group by date_key
