-- What the categories sold by day: the eight that sold most, and the others together. Revenue is before discounts.
-- grain: one row per day and category with sales
-- parameters: $1 first day, $2 last day
with sold as (
    select date_key, category, revenue
    from gold.item_category_performance
    where date_key between $1::date and $2::date
),

leaders as (
    select category
    from sold
    group by category
    order by sum(revenue) desc, category
    limit 8
)

select
    sold.date_key,
    coalesce(leaders.category, 'others') as category,
    sum(sold.revenue) as revenue
from sold
left join leaders on sold.category = leaders.category
group by sold.date_key, coalesce(leaders.category, 'others')
order by sold.date_key, category
