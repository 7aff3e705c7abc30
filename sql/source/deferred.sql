-- Events of transactions that an earlier batch of this fill has taken, or may have: only a short hash of each id is
-- remembered, so one in some thousands is deferred for nothing.
-- The join is made from the side of the batch, which is the small one.
select
    events.event_no,
    events.topic,
    events.partition,
    events."offset"
from source.events as events
where
    short_hash(events.transaction_id) in (
        select seen.hash
        from source.seen as seen
        inner join (
            select distinct short_hash(transaction_id) as hash
            from source.events
        ) as own on seen.hash = own.hash
    )
