-- The event that wins its transaction within this window: the latest by event time; on a tie the later in the log.
with repeated as (
    select transaction_id
    from source.events
    group by transaction_id
    having count(*) > 1
),

ranked as (
    select
        *,
        row_number() over (
            partition by transaction_id
            order by event_timestamp desc, produced_at desc, topic desc, partition desc, "offset" desc
        ) as rank
    from source.events
    where transaction_id in (select transaction_id from repeated)
)

select *
from source.events
where transaction_id not in (select transaction_id from repeated)
union all
select * exclude (rank)
from ranked
where rank = 1
