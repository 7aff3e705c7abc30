-- DuckDB: the records of a source as events. Each stage has the columns of the one before: what was sent for each field,
-- what it means, the event.
with raw as (
{raw}),
records as (
    select *, {records} from raw
),
sent as (
    select *, {is_of_source} as is_of_source, {sent} from records
),
scaled as (
    select *, {minor_share} as minor_share from sent
),
meant as (
    select *, {meant}, {lines} as lines from scaled
),
mapped as (
    select *, {event} as event, {extra} as extra from meant
)
select event_no, topic, partition, "offset", produced_at, case when event is null then value end as value, event, extra
from mapped
