-- Every event of the transactions of this window that have more than one: the window's own, and those known before.
with contested as (
    select transaction_id
    from source.repeated
    union
    select transaction_id
    from source.known
)

select
    event_no,
    cast(null as bigint) as transaction_key,
    topic,
    partition,
    "offset",
    transaction_id,
    event_timestamp,
    date_key,
    produced_at,
    content_hash,
    cast(null as varchar) as known_outcome
from source.events
where transaction_id in (select transaction_id from contested)
union all
select
    null,
    transaction_key,
    topic,
    partition,
    "offset",
    transaction_id,
    event_timestamp,
    date_key,
    produced_at,
    content_hash,
    outcome
from source.known
