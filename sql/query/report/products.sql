-- The products that sold most. Revenue is unit price times quantity, before discounts; margin is revenue less cost.
-- grain: one row per product
-- parameters: $1 first day, $2 last day, $3 rows
with products as (
    select
        item_id,
        trim_scale(sum(units)) as units,
        sum(revenue) as revenue,
        sum(margin) as margin
    from gold.product_performance
    where date_key between $1::date and $2::date
    group by item_id
),

leaders as (
    select
        *,
        round(margin * 100 / nullif(revenue, 0), 1) as margin_percent,
        round(revenue * 100 / nullif(sum(revenue) over (), 0), 1) as share_percent
    from products
    order by revenue desc, item_id
    limit $3::bigint
)

select
    leaders.item_id as product,
    details.category,
    leaders.units,
    leaders.revenue,
    leaders.margin,
    leaders.margin_percent,
    leaders.share_percent
from leaders
left join silver.dim_products as details on leaders.item_id = details.id
order by leaders.revenue desc, leaders.item_id
