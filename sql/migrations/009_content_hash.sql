-- The hash that tells a repeated event from a correction has a definition: SHA-256 of a text, so that no version of an engine
-- changes it. It is made of what silver holds where events of one transaction are compared, and stored of losers alone.
-- sql/source/macros.sql has the same two functions for DuckDB.

-- The text is the values in the order of the event, a semicolon between two: numbers as decimals of their scale, a moment as
-- microseconds since 1970, a text with its number of characters and a colon before it.
create function medallion.line_content(
    item_id text,
    category text,
    unit_price numeric,
    quantity numeric,
    discount numeric,
    cost numeric
)
returns text
language sql
immutable
as $$
    select
        cast(length(item_id) as text) || ':' || item_id || ';'
        || cast(length(category) as text) || ':' || category || ';'
        || cast(unit_price as text) || ';'
        || cast(quantity as text) || ';'
        || cast(discount as text) || ';'
        || cast(cost as text)
$$;
comment on function medallion.line_content is 'The content of an order line as one text';

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
        || cast(length(customer_id) as text) || ':' || customer_id || ';'
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
        || lines,
        'UTF8'
    )), 'hex')
$$;
comment on function medallion.content_hash is
'Tells a repeated event from a correction: the SHA-256 of the content of an event, whose lines are those of line_content with semicolons between';

-- What an event of bronze says, read once for those that lost before this version. What cannot be read plainly stays unknown.
create function pg_temp.content_of(value text, event_timestamp timestamptz)
returns text
language plpgsql
as $$
declare
    event json;
    customer json;
    ordered json;
begin
    event := value::json -> 'data' -> 'transaction_details';
    customer := event -> 'customer';
    ordered := event -> 'order';
    return medallion.content_hash(
        event ->> 'event_type',
        event ->> 'event_version',
        event_timestamp,
        btrim(customer ->> 'id'),
        case when btrim(customer ->> 'type') <> '' then customer ->> 'type' else 'unknown' end,
        case when btrim(customer ->> 'country') <> '' then customer ->> 'country' else 'unknown' end,
        case when btrim(customer ->> 'city') <> '' then customer ->> 'city' else 'unknown' end,
        (ordered ->> 'status')::integer,
        (ordered ->> 'payment_method')::integer,
        (ordered ->> 'currency')::integer,
        round((ordered ->> 'subtotal')::numeric, 2),
        round((ordered ->> 'tax_amount')::numeric, 2),
        round((ordered ->> 'shipping_amount')::numeric, 2),
        round((ordered ->> 'discount_amount')::numeric, 2),
        round((ordered ->> 'total_amount')::numeric, 2),
        (
            select string_agg(
                medallion.line_content(
                    btrim(item ->> 'id'),
                    item ->> 'category',
                    round((item ->> 'unit_price')::numeric, 2),
                    (item ->> 'quantity')::numeric::integer,
                    round(coalesce(item ->> 'discount', '0')::numeric, 2),
                    round(coalesce(item ->> 'cost', '0')::numeric, 2)
                ),
                ';' order by number
            )
            from json_array_elements(event -> 'items') with ordinality as items (item, number)
        )
    );
exception
    when others then
        return null;
end
$$;

do $$
begin
    if not exists (
        select from medallion.schema_objects
        join pg_attribute on attrelid = object_id and attname = 'content_hash' and not attisdropped
        where schema_name = 'silver' and name = 'fact_transactions' and is_own
    ) or not exists (
        select from medallion.schema_objects
        where schema_name = 'silver' and name = 'discarded_events' and is_own
    ) then
        return;
    end if;

    -- The hash of an older version, which another one of DuckDB may make anew as another one: it groups the events that it
    -- was made of, and is no hash of any other.
    alter table silver.discarded_events alter column content_hash type text using 'duckdb ' || content_hash;

    update silver.discarded_events as d
    set content_hash = current_event.content_hash
    from (
        select
            t.transaction_id,
            'duckdb ' || t.content_hash as old_hash,
            medallion.content_hash(
                t.event_type,
                t.event_version,
                t.event_timestamp,
                t.customer_id,
                t.customer_type,
                t.customer_country,
                t.customer_city,
                t.order_status_id,
                t.order_payment_method_id,
                t.order_currency_id,
                t.order_subtotal,
                t.order_tax_amount,
                t.order_shipping_amount,
                t.order_discount_amount,
                t.order_total_amount,
                (
                    select string_agg(
                        medallion.line_content(
                            l.item_id, l.category, l.unit_price, l.quantity, l.discount, l.cost
                        ),
                        ';' order by l.line_number
                    )
                    from silver.fact_transaction_lines as l
                    where l.transaction_key = t.transaction_key
                )
            ) as content_hash
        from silver.fact_transactions as t
        where t.transaction_id in (select transaction_id from silver.discarded_events)
    ) as current_event
    where
        d.transaction_id = current_event.transaction_id
        and d.content_hash = current_event.old_hash
        and current_event.content_hash is not null;

    update silver.discarded_events as d
    set content_hash = found.content_hash
    from (
        select
            old.topic,
            old.partition,
            old."offset",
            pg_temp.content_of(e.value, old.event_timestamp) as content_hash
        from silver.discarded_events as old
        inner join bronze.events as e
            on e.topic = old.topic and e.partition = old.partition and e."offset" = old."offset"
        where old.content_hash like 'duckdb %'
    ) as found
    where
        d.topic = found.topic
        and d.partition = found.partition
        and d."offset" = found."offset"
        and found.content_hash is not null;

    alter table silver.fact_transactions drop column content_hash;
end
$$;
