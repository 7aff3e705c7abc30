-- Order lines with typed values; a value that does not fit its type is null.
with lines as (
    select
        event_no,
        unnest(event.items) as item,
        generate_subscripts(event.items, 1) as line_number
    from source.parsed
)

select
    event_no,
    line_number,
    item.id as item_id,
    item.category,
    try_cast(item.unit_price as decimal(18, 2)) as unit_price,
    -- A quantity that is not written as a plain whole number (4.0) is judged apart: a cast would round 4.5 to 5.
    case when regexp_full_match(item.quantity, '[0-9]{1,7}') then cast(item.quantity as integer) end as quantity,
    try_cast(coalesce(item.discount, '0') as decimal(18, 2)) as discount,
    try_cast(coalesce(item.cost, '0') as decimal(18, 2)) as cost
from lines
