-- What silver knows of transactions that it cannot have: nothing.
select
    cast(null as bigint) as transaction_key,
    cast(null as varchar) as topic,
    cast(null as integer) as partition,
    cast(null as bigint) as "offset",
    cast(null as varchar) as transaction_id,
    cast(null as timestamptz) as event_timestamp,
    cast(null as date) as date_key,
    cast(null as timestamptz) as produced_at,
    cast(null as varchar) as content_hash,
    cast(null as varchar) as outcome
where false
