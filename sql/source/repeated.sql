-- Transactions that have more than one event in this batch.
select transaction_id
from source.events
group by transaction_id
having count(*) > 1
