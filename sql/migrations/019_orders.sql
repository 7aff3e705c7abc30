-- What orders of any shop have beside the first shape: the content of an event may say when the order was made, that its
-- customer is a guest, what it refunds, that the tax is included, and at which rate its currency is converted.
-- sql/source/macros.sql has the same two functions for DuckDB. What not every event has comes last, with its name, and only
-- where it is there, so that all others keep the hash they have had.

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
        || coalesce(';exchange_rate ' || cast(exchange_rate as text), ''),
        'UTF8'
    )), 'hex')
$$;
comment on function medallion.content_hash is
'Tells a repeated event from a correction: the SHA-256 of the content of an event, whose lines are those of line_content with semicolons between';

-- Seeds belong to their users once they are made: a state of this name stays theirs, whatever its number.
do $$
begin
    if exists (
        select from medallion.schema_objects
        where schema_name = 'silver' and name = 'dim_order_status' and is_own
    ) and exists (
        select from pg_attribute
        where attrelid = to_regclass('silver.dim_order_status') and attname = 'name' and not attisdropped
    ) then
        insert into silver.dim_order_status (id, name)
        select greatest(6, max(id) + 1), 'cancelled'
        from silver.dim_order_status
        having count(*) filter (where lower(trim(name)) = 'cancelled') = 0;
    end if;
end
$$;

-- Customers are looked up by when they ordered; the next promotion makes that index.
drop index if exists silver.fact_transactions_customer_id_event_timestamp_idx;
