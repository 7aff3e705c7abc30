-- Spark: order lines with typed values, amounts of one unit to 4 decimals.
with lines as (
    select
        event_no,
        posexplode(items) as (place, item)
    from source.events
)

select
    event_no,
    place + 1 as line_number,
    item.id as item_id,
    item.category as category,
    item.unit_price as unit_price,
    cast(item.quantity as decimal(12, 3)) as quantity,
    cast(coalesce(item.discount, 0) as decimal(18, 4)) as discount,
    cast(coalesce(item.cost, 0) as decimal(18, 4)) as cost
from lines
