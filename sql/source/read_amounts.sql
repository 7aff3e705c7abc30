-- What the orders that were read come to, by kind and currency; of how many the total adds up, and the lines to the subtotal.
-- grain: one row per event type and currency
with lines as (
    select
        event_no,
        sum(cast(unit_price as decimal(38, 4)) * quantity) as line_total
    from source.items
    group by event_no
)

select
    events.event_type,
    coalesce(currencies.code, currencies.name) as currency,
    count(*) as orders,
    count(*) filter (where {adds_up}) as totals_add_up,
    count(*) filter (where abs(order_subtotal - line_total) <= 0.01) as lines_add_up,
    cast(sum(line_total) as decimal(38, 2)) as lines,
    sum(order_subtotal) as subtotal,
    sum(order_tax_amount) as tax,
    sum(order_shipping_amount) as shipping,
    sum(order_discount_amount) as discount,
    sum(order_total_amount) as total
from source.events
inner join lines using (event_no)
left join silver.dim_currency as currencies on currencies.id = events.order_currency_id
group by 1, 2
order by orders desc, 1, 2
