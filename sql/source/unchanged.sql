-- Staged transactions that are not to be written: silver has the better event already, or the same content.
select facts.transaction_key
from silver.fact_transactions as facts
where
    facts.transaction_id in (
        select transaction_id from source.dedup_results where known_outcome = 'current' and outcome = 'current'
        union
        select transaction_id from source.relinked
    )
