-- The transaction that silver has of an event. The cost is that of the facts: only a changed mapping asks for it.
-- grain: one row, or none
-- parameters: $1 topic, $2 partition, $3 offset
select transaction_id
from silver.fact_transactions
where topic = $1 and partition = $2::integer and "offset" = $3::bigint
union
select transaction_id
from silver.discarded_events
where topic = $1 and partition = $2::integer and "offset" = $3::bigint
