-- The event that wins its transaction within this batch.
select *
from source.events
where event_no not in (select event_no from source.losers)
