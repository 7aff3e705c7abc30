-- Amounts of one unit have 4 decimals and quantities 3, each as many as there are: a line whose amounts have 2 and whose
-- quantity is whole keeps the content it has had. sql/source/macros.sql has the same for DuckDB.

create function medallion.unit_amount_text(amount numeric) returns text
language sql immutable parallel safe
return cast(case when amount = round(amount, 2) then round(amount, 2) else round(amount, 4) end as text);
comment on function medallion.unit_amount_text is 'An amount of one unit with 2 decimals, or 4 where it has more';

create or replace function medallion.line_content(
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
        || medallion.unit_amount_text(unit_price) || ';'
        || cast(case when quantity = trunc(quantity) then trunc(quantity) else round(quantity, 3) end as text) || ';'
        || medallion.unit_amount_text(discount) || ';'
        || medallion.unit_amount_text(cost)
$$;

create function medallion.line_amount(amount numeric, quantity numeric) returns numeric
language sql immutable parallel safe
return round(amount * quantity, 2);
comment on function medallion.line_amount is 'What units at an amount each come to, rounded half away from zero';
