-- Net sales: what was sold, less discounts and what came back.
-- grain: one row per currency
-- parameters: $1 first day, $2 last day
with days as (
    select *
    from gold.net_sales
    where date_key between $1::date and $2::date
)

select
    currency,
    sum(orders) as orders,
    sum(gross_sales) as gross_sales,
    sum(discounts) as discounts,
    sum(returns) as returns,
    sum(net_sales) as net_sales,
    sum(shipping) as shipping,
    sum(taxes) as taxes,
    sum(total_sales) as total_sales
from days
group by currency
order by orders desc, currency
