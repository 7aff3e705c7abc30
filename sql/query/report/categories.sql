-- What the categories sold. Revenue is unit price times quantity, before discounts.
-- grain: one row per category
-- parameters: $1 first day, $2 last day
with categories as (
    select
        category,
        trim_scale(sum(total_quantity)) as units,
        sum(order_lines) as order_lines,
        sum(revenue) as revenue
    from gold.item_category_performance
    where date_key between $1::date and $2::date
    group by category
)

select
    category,
    units,
    order_lines,
    revenue,
    round(revenue * 100 / nullif(sum(revenue) over (), 0), 1) as share_percent
from categories
order by revenue desc, category
