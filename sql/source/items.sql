-- Order lines with typed values, amounts of one unit to 4 decimals; what did not fit its type is null.
with lines as (
    select
        event_no,
        unnest(items) as item,
        generate_subscripts(items, 1) as line_number
    from source.events
)

select
    event_no,
    line_number,
    item.id as item_id,
    item.category,
    item.unit_price,
    item.quantity,
    cast(coalesce(item.discount, 0) as decimal(18, 4)) as discount,
    cast(coalesce(item.cost, 0) as decimal(18, 4)) as cost
from lines
