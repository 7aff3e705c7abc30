-- Where the versions of orders $1 are, and their refunds.
with ids as (
    select transaction_id
    from silver.fact_transactions
    where transaction_id = any ($1::text []) or refunds = any ($1::text [])
    union
    select unnest($1::text [])
)

select topic, partition, "offset"
from silver.fact_transactions
where transaction_id in (select transaction_id from ids)
union all
select topic, partition, "offset"
from silver.discarded_events
where transaction_id in (select transaction_id from ids)
