-- The event that wins its transaction within this window: the latest by event time; on a tie the later in the log.
with ranked as (
    select
        *,
        row_number() over (
            partition by transaction_id
            order by event_timestamp desc, produced_at desc, topic desc, partition desc, "offset" desc
        ) as rank
    from source.events
)

select * exclude (rank)
from ranked
where rank = 1
