-- Spark: order lines with typed values, amounts rounded half away from zero.
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
    cast(item.unit_price as decimal(18, 2)) as unit_price,
    item.quantity as quantity,
    cast(coalesce(item.discount, 0) as decimal(18, 2)) as discount,
    cast(coalesce(item.cost, 0) as decimal(18, 2)) as cost
from lines
