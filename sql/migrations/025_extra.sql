-- What a source keeps of an order beyond the contract is part of its content. sql/source/macros.sql has the same two functions for
-- DuckDB; an event without it keeps the hash that it has had.

create function medallion.extra_value(extra text, name text) returns text
language sql immutable parallel safe
return cast(extra as json) ->> name;
comment on function medallion.extra_value is
'What a source keeps of an order beyond the contract, by its name: extra is that of silver.fact_transactions';

drop function medallion.content_hash;

create function medallion.content_hash(
    event_type text,
    event_version text,
    event_timestamp timestamptz,
    customer_id text,
    customer_type text,
    customer_country text,
    customer_city text,
    order_status_id numeric,
    order_payment_method_id numeric,
    order_currency_id numeric,
    order_subtotal numeric,
    order_tax_amount numeric,
    order_shipping_amount numeric,
    order_discount_amount numeric,
    order_total_amount numeric,
    ordered_at timestamptz,
    refunds text,
    tax_included boolean,
    exchange_rate numeric,
    extra text,
    lines text
)
returns text
language sql
stable
as $$
    select encode(sha256(convert_to(
        cast(length(event_type) as text) || ':' || event_type || ';'
        || cast(length(event_version) as text) || ':' || event_version || ';'
        || cast(cast(extract(epoch from event_timestamp) * 1000000 as bigint) as text) || ';'
        || coalesce(cast(length(customer_id) as text) || ':' || customer_id, 'guest') || ';'
        || cast(length(customer_type) as text) || ':' || customer_type || ';'
        || cast(length(customer_country) as text) || ':' || customer_country || ';'
        || cast(length(customer_city) as text) || ':' || customer_city || ';'
        || cast(order_status_id as text) || ';'
        || cast(order_payment_method_id as text) || ';'
        || cast(order_currency_id as text) || ';'
        || cast(order_subtotal as text) || ';'
        || cast(order_tax_amount as text) || ';'
        || cast(order_shipping_amount as text) || ';'
        || cast(order_discount_amount as text) || ';'
        || cast(order_total_amount as text) || ';'
        || lines
        || case
            when ordered_at <> event_timestamp
                then ';ordered_at ' || cast(cast(extract(epoch from ordered_at) * 1000000 as bigint) as text)
            else ''
        end
        || coalesce(';refunds ' || cast(length(refunds) as text) || ':' || refunds, '')
        || case when tax_included then ';tax_included' else '' end
        || coalesce(';exchange_rate ' || cast(exchange_rate as text), '')
        || coalesce(';extra ' || cast(length(extra) as text) || ':' || extra, ''),
        'UTF8'
    )), 'hex')
$$;
comment on function medallion.content_hash is
'Tells a repeated event from a correction: the SHA-256 of the content of an event, whose lines are those of line_content with semicolons between';

comment on column bronze.quarantine.raw is
'The event, byte for byte, less what its source drops; null when it had no value, or when nobody can say where it has what is dropped';
