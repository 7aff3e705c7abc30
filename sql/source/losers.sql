-- Events that lose their transaction to another event of this batch.
with ranked as (
    select
        event_no,
        row_number() over (
            partition by transaction_id
            order by {newest_first}
        ) as rank
    from source.events
    where transaction_id in (select transaction_id from source.repeated)
)

select event_no
from ranked
where rank > 1
