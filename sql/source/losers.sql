-- Events that lose their transaction to another event of this batch: an earlier one by event time; on a tie the one
-- that comes first in the log.
with ranked as (
    select
        event_no,
        row_number() over (
            partition by transaction_id
            order by event_timestamp desc, produced_at desc, topic desc, partition desc, "offset" desc
        ) as rank
    from source.events
    where transaction_id in (select transaction_id from source.repeated)
)

select event_no
from ranked
where rank > 1
