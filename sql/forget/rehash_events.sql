-- Gives discarded events the hash of what they say now: $1 is what the judge made of them before, $2 what it makes of them now.
with pairs as (
    select
        number,
        is_new,
        event::json -> 'data' -> 'transaction_details' as event,
        event::json ->> 'extra' as extra
    from unnest($1::text [], $2::text []) with ordinality as given (before, after, number)
    cross join lateral (values (false, given.before), (true, given.after)) as versions (is_new, event)
),

hashes as (
    select
        number,
        is_new,
        event ->> 'transaction_id' as transaction_id,
        medallion.content_hash(
            event ->> 'event_type',
            event ->> 'event_version',
            (event ->> 'event_timestamp')::timestamptz,
            event -> 'customer' ->> 'id',
            event -> 'customer' ->> 'type',
            event -> 'customer' ->> 'country',
            event -> 'customer' ->> 'city',
            (event -> 'order' ->> 'status')::integer,
            (event -> 'order' ->> 'payment_method')::integer,
            (event -> 'order' ->> 'currency')::integer,
            (event -> 'order' ->> 'subtotal')::numeric(18, 2),
            (event -> 'order' ->> 'tax_amount')::numeric(18, 2),
            (event -> 'order' ->> 'shipping_amount')::numeric(18, 2),
            (event -> 'order' ->> 'discount_amount')::numeric(18, 2),
            (event -> 'order' ->> 'total_amount')::numeric(18, 2),
            coalesce(event ->> 'ordered_at', event ->> 'event_timestamp')::timestamptz,
            event ->> 'refunds',
            coalesce((event -> 'order' ->> 'tax_included')::boolean, false),
            (event -> 'order' ->> 'exchange_rate')::numeric(20, 10),
            extra,
            (
                select string_agg(
                    medallion.line_content(
                        item ->> 'id',
                        item ->> 'category',
                        (item ->> 'unit_price')::numeric(18, 4),
                        (item ->> 'quantity')::numeric(12, 3),
                        (item ->> 'discount')::numeric(18, 4),
                        (item ->> 'cost')::numeric(18, 4)
                    ),
                    ';' order by line
                )
                from json_array_elements(event -> 'items') with ordinality as items (item, line)
            )
        ) as content_hash
    from pairs
)

update silver.discarded_events
set content_hash = renamed.content_hash
from hashes
inner join hashes as renamed on hashes.number = renamed.number and not hashes.is_new and renamed.is_new
where
    discarded_events.transaction_id = hashes.transaction_id
    and discarded_events.content_hash = hashes.content_hash
