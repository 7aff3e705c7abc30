-- Where the orders came from, as the orders themselves say.
-- grain: one row per country and city
-- parameters: $1 first day, $2 last day, $3 rows
with places as (
    select country, city, sum(orders) as orders, sum(revenue) as revenue
    from gold.geography_performance
    where date_key between $1::date and $2::date
    group by country, city
)

select
    country,
    city,
    orders,
    revenue,
    round(revenue * 100 / nullif(sum(revenue) over (), 0), 1) as share_percent
from places
order by revenue desc, country, city
limit $3::bigint
