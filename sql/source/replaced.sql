-- Transactions of silver that an event of this batch corrects: their rows go.
select
    old.transaction_key,
    old.transaction_id,
    old.date_key
from source.dedup_results as old
inner join source.dedup_results as winner on old.transaction_id = winner.transaction_id
where
    old.known_outcome = 'current'
    and winner.outcome = 'current'
    and winner.event_no is not null
    and winner.content_hash <> old.content_hash
