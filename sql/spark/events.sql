-- Spark: events with typed values, amounts rounded half away from zero, and whether an event is not valid beyond doubt: each of
-- those is judged on its own by src/event/judge.ts, as sql/source/parsed.sql and doubtful.sql have it for DuckDB. A condition
-- that is null is not met, so whatever could not be read makes an event doubtful.
--
-- How Spark reads JSON, and what is done about it:
--   it stops after the first value, so the text is an element of an array of which the last element has to be there, too;
--   of two members of one name it takes the last one, and a value of another type is null: the known members that the text
--   has are counted, and those that were read must be as many;
--   a number with an exponent may take seconds, and one that its type does not hold fails on Sail: the patterns come first;
--   half a surrogate pair becomes a question mark: escapes of surrogates are doubtful.
-- The patterns are those of parsed.sql, in the words that the regular expressions of Java and Rust share, and the lengths of
-- texts in order lines.
with raw as (
    select
        event_no,
        topic,
        partition,
        "offset",
        produced_at,
        judged,
        case
            when
                judged
                or not (
                    value rlike
                    '^[^\s{]|,\s*[\]}]|[:\[,]\s*-?(?:[Ii]nf|[Nn]a[Nn])|:\s*-?(?:[0-9]{14}|[0-9.]{16}|[0-9.]+[eE]|[0-9]+\.[0-9]{5}|0[0-9])|\\u(?:00[0-7]|[dD][89a-fA-F])'
                    or value rlike
                    '"(?:(?:transaction_id|event_type|event_version|event_timestamp|id|category)"\s*:\s*(?:[^"\s]|"[\s\p{Z}\x{feff}\\"])|(?:type|country|city|ordered_at|refunds)"\s*:\s*(?:[^"\sn]|"[\s\p{Z}\x{feff}\\"])|(?:transaction_id|id|refunds)"\s*:\s*"(?:[^!-~]|[^"\\]*(?:\\|[^!-~]"))|(?:id|category)"\s*:\s*"(?:[^"]{201}|[^"]*\\)|(?:guest|tax_included)"\s*:\s*[^tfn\s]|(?:unit_price|cost)"\s*:\s*"?-|(?:status|payment_method|currency|quantity)"\s*:\s*[0-9]*[^0-9,}\s]|(?:subtotal|tax_amount|shipping_amount|discount_amount|total_amount|exchange_rate|unit_price|discount|cost)"\s*:\s*(?:[^-0-9"n\s]|"-?(?:[0-9.]*[^0-9."]|[0-9]*\.[0-9]*\.|\.|[0-9]*\."|"|0[0-9]|[0-9]{14}|[0-9]*\.[0-9]{5})))'
                )
                then value
        end as value
    from source.unread
),

parsed as (
    select
        *,
        regexp_count(
            value,
            '"(?:data|transaction_details|transaction_id|event_type|event_version|event_timestamp|ordered_at|refunds|customer|guest|order|items|id|type|country|city|status|payment_method|currency|subtotal|tax_amount|shipping_amount|discount_amount|total_amount|tax_included|exchange_rate|category|unit_price|quantity|discount|cost)"\s*:'
        ) as members,
        from_json(
            concat('[', value, ',{"medallion:end":1}]'),
            'array<struct<
                data: struct<transaction_details: struct<
                    transaction_id: string,
                    event_type: string,
                    event_version: string,
                    event_timestamp: string,
                    ordered_at: string,
                    refunds: string,
                    customer: struct<guest: boolean, id: string, type: string, country: string, city: string>,
                    `order`: struct<
                        status: int,
                        payment_method: int,
                        currency: int,
                        subtotal: decimal(18,4),
                        tax_amount: decimal(18,4),
                        shipping_amount: decimal(18,4),
                        discount_amount: decimal(18,4),
                        total_amount: decimal(18,4),
                        tax_included: boolean,
                        exchange_rate: string
                    >,
                    items: array<struct<
                        id: string,
                        category: string,
                        unit_price: decimal(18,4),
                        quantity: decimal(16,3),
                        discount: decimal(18,4),
                        cost: decimal(18,4)
                    >>
                >>,
                `medallion:end`: int
            >>',
            map('allowSingleQuotes', 'false', 'allowNonNumericNumbers', 'false')
        ) as parts
    from raw
),

entered as (
    select
        event_no,
        topic,
        partition,
        "offset",
        produced_at,
        judged,
        members,
        case
            when size(parts) = 2 and get(parts, 1)."medallion:end" = 1 then get(parts, 0).data.transaction_details
        end as event
    from parsed
),

typed as (
    select
        event_no,
        topic,
        partition,
        "offset",
        produced_at,
        members,
        event.transaction_id as transaction_id,
        event.event_type as event_type,
        event.event_version as event_version,
        try_cast(
            case
                when
                    judged
                    or event.event_timestamp rlike
                    '^(?:19|[2-8][0-9])[0-9]{2}-[0-9]{2}-[0-9]{2}[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6})?)?(?:Z|[+-](?:0[0-9]|1[0-5])(?::?[0-5][0-9])?)?\z'
                    then event.event_timestamp
            end as timestamp
        ) as event_timestamp,
        event.ordered_at is null as is_ordered_at_event,
        try_cast(
            case
                when
                    judged
                    or event.ordered_at rlike
                    '^(?:19|[2-8][0-9])[0-9]{2}-[0-9]{2}-[0-9]{2}[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6})?)?(?:Z|[+-](?:0[0-9]|1[0-5])(?::?[0-5][0-9])?)?\z'
                    then event.ordered_at
            end as timestamp
        ) as ordered_at,
        event.refunds as refunds,
        coalesce(event.customer.guest, false) as is_guest,
        event.customer.id as customer_id,
        coalesce(event.customer.type, 'unknown') as customer_type,
        coalesce(event.customer.country, 'unknown') as customer_country,
        coalesce(event.customer.city, 'unknown') as customer_city,
        event."order".status as order_status_id,
        event."order".payment_method as order_payment_method_id,
        event."order".currency as order_currency_id,
        cast(event."order".subtotal as decimal(18, 2)) as order_subtotal,
        cast(event."order".tax_amount as decimal(18, 2)) as order_tax_amount,
        cast(event."order".shipping_amount as decimal(18, 2)) as order_shipping_amount,
        cast(event."order".discount_amount as decimal(18, 2)) as order_discount_amount,
        cast(event."order".total_amount as decimal(18, 2)) as order_total_amount,
        coalesce(event."order".tax_included, false) as order_tax_included,
        try_cast(event."order".exchange_rate as decimal(20, 10)) as order_exchange_rate,
        event.items as items,
        -- Every member but those of lines: data, transaction_details, and what else is there.
        2
        + cast(event.transaction_id is not null as int)
        + cast(event.event_type is not null as int)
        + cast(event.event_version is not null as int)
        + cast(event.event_timestamp is not null as int)
        + cast(event.ordered_at is not null as int)
        + cast(event.refunds is not null as int)
        + cast(event.customer is not null as int)
        + cast(event.customer.guest is not null as int)
        + cast(event.customer.id is not null as int)
        + cast(event.customer.type is not null as int)
        + cast(event.customer.country is not null as int)
        + cast(event.customer.city is not null as int)
        + cast(event."order" is not null as int)
        + cast(event."order".status is not null as int)
        + cast(event."order".payment_method is not null as int)
        + cast(event."order".currency is not null as int)
        + cast(event."order".subtotal is not null as int)
        + cast(event."order".tax_amount is not null as int)
        + cast(event."order".shipping_amount is not null as int)
        + cast(event."order".discount_amount is not null as int)
        + cast(event."order".total_amount is not null as int)
        + cast(event."order".tax_included is not null as int)
        + cast(try_cast(event."order".exchange_rate as decimal(20, 10)) is not null as int)
        + cast(event.items is not null as int)
        + size(array_compact(event.items.id))
        + size(array_compact(event.items.category))
        + size(array_compact(event.items.unit_price))
        + size(array_compact(event.items.quantity))
        + size(array_compact(event.items.discount))
        + size(array_compact(event.items.cost)) as members_read
    from entered
),

-- An order was made when its event says so, else when the event happened.
ordered as (
    select
        *,
        case when is_ordered_at_event then event_timestamp else ordered_at end as made_at
    from typed
)

select
    event_no,
    topic,
    partition,
    "offset",
    produced_at,
    transaction_id,
    event_type,
    event_version,
    event_timestamp,
    made_at as ordered_at,
    refunds,
    case when not is_guest then customer_id end as customer_id,
    customer_type,
    customer_country,
    customer_city,
    order_status_id,
    order_payment_method_id,
    order_currency_id,
    order_subtotal,
    order_tax_amount,
    order_shipping_amount,
    order_discount_amount,
    order_total_amount,
    order_tax_included,
    order_exchange_rate,
    -- Records of a source are read by DuckDB.
    cast(null as string) as extra,
    items,
    cast(from_utc_timestamp(made_at, :timezone) as date) as date_key,
    cast(hour(from_utc_timestamp(made_at, :timezone)) as smallint) as ordered_hour,
    not coalesce(
        members = members_read
        and length(transaction_id) <= 200
        and length(event_type) <= 200
        and event_version rlike '^1(?:\.[0-9]+)*\z'
        and length(event_version) <= 200
        and event_timestamp >= timestamp '1900-01-01 00:00:00'
        and made_at >= timestamp '1900-01-01 00:00:00'
        and coalesce(length(refunds) <= 200, true)
        and (is_guest or length(customer_id) <= 200)
        and length(customer_type) <= 200
        and length(customer_country) <= 200
        and length(customer_city) <= 200
        and order_status_id in (:dim_order_status)
        and order_payment_method_id in (:dim_payment_method)
        and order_currency_id in (:dim_currency)
        and abs(order_subtotal) < 1000000000000
        and abs(order_tax_amount) < 1000000000000
        and abs(order_shipping_amount) < 1000000000000
        and abs(order_discount_amount) < 1000000000000
        and abs(order_total_amount) < 1000000000000
        and coalesce(order_exchange_rate > 0 and order_exchange_rate < 1000000000, true)
        and size(items) > 0
        and size(array_compact(items.id)) = size(items)
        and size(array_compact(items.category)) = size(items)
        and size(array_compact(items.unit_price)) = size(items)
        and size(array_compact(items.quantity)) = size(items)
        and array_min(items.unit_price) >= 0
        and array_max(items.unit_price) < 1000000000000
        and array_min(items.quantity) > 0
        and array_max(items.quantity) <= 1000000
        and coalesce(array_min(items.discount), 0) > -1000000000000
        and coalesce(array_max(items.discount), 0) < 1000000000000
        and coalesce(array_min(items.cost), 0) >= 0
        and coalesce(array_max(items.cost), 0) < 1000000000000,
        false
    ) as is_doubtful
from ordered
