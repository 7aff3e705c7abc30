-- The events that were read of a batch, as silver has their transactions, with the names of what they point at.
select
    events."offset" as record,
    events.* exclude (event_no, topic, partition, "offset", produced_at, value, items, line_count),
    statuses.name as status,
    methods.name as payment_method,
    currencies.name as currency
from source.events
left join silver.dim_order_status as statuses on statuses.id = events.order_status_id
left join silver.dim_payment_method as methods on methods.id = events.order_payment_method_id
left join silver.dim_currency as currencies on currencies.id = events.order_currency_id
