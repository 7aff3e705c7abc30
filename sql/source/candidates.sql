-- Every event of the transactions of this batch that have more than one: the batch's own, and those known before. Only of
-- these the content is looked at.
with contested as (
    select transaction_id
    from source.repeated
    union
    select transaction_id
    from source.known
),

own as (
    select *
    from source.events
    where transaction_id in (select transaction_id from contested)
),

contents as (
    select
        event_no,
        string_agg(
            line_content(item_id, category, unit_price, quantity, discount, cost), ';' order by line_number
        ) as lines
    from source.items
    where event_no in (select event_no from own)
    group by event_no
)

select
    own.event_no,
    cast(null as bigint) as transaction_key,
    own.topic,
    own.partition,
    own."offset",
    own.transaction_id,
    own.event_timestamp,
    own.date_key,
    own.produced_at,
    content_hash(
        own.event_type,
        own.event_version,
        own.event_timestamp,
        own.customer_id,
        own.customer_type,
        own.customer_country,
        own.customer_city,
        own.order_status_id,
        own.order_payment_method_id,
        own.order_currency_id,
        own.order_subtotal,
        own.order_tax_amount,
        own.order_shipping_amount,
        own.order_discount_amount,
        own.order_total_amount,
        own.ordered_at,
        own.refunds,
        own.order_tax_included,
        own.order_exchange_rate,
        own.extra,
        contents.lines
    ) as content_hash,
    cast(null as varchar) as known_outcome
from own
inner join contents on own.event_no = contents.event_no
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
