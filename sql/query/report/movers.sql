-- The products whose revenue differs most from that of as many days before.
-- grain: one row per product
-- parameters: $1 first day, $2 last day, $3 rows
with totals as (
    select
        item_id,
        coalesce(sum(revenue) filter (where date_key >= $1::date), 0) as revenue,
        coalesce(sum(revenue) filter (where date_key < $1::date), 0) as before
    from gold.product_performance
    where date_key between $1::date - ($2::date - $1::date + 1) and $2::date
    group by item_id
)

select
    item_id as product,
    before,
    revenue,
    revenue - before as change,
    round((revenue - before) * 100 / nullif(before, 0), 1) as change_percent
from totals
where revenue <> before
order by abs(revenue - before) desc, item_id
limit $3::bigint
