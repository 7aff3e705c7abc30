-- Transactions of silver that an event of this batch repeats and beats by its place in the log: their rows stay
-- and point at that event from now on.
select
    old.transaction_key,
    old.transaction_id,
    winner.produced_at,
    winner.topic,
    winner.partition,
    winner."offset"
from source.dedup_results as old
inner join source.dedup_results as winner on old.transaction_id = winner.transaction_id
where
    old.known_outcome = 'current'
    and winner.outcome = 'current'
    and winner.event_no is not null
    and winner.content_hash = old.content_hash
