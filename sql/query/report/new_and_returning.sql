-- Customers by day: new on the day of their first order of all time, returning on any other.
-- grain: one row per day of the period
-- parameters: $1 first day, $2 last day
with firsts as (
    select first_day, customers
    from gold.customer_cohorts
    where
        first_day between $1::date and $2::date
        and month_key = date_trunc('month', first_day)::date
)

select
    $1::date + numbers.number as date_key,
    coalesce(firsts.customers, 0) as new_customers,
    coalesce(days.total_customers, 0) - coalesce(firsts.customers, 0) as returning_customers
from generate_series(0, $2::date - $1::date) as numbers (number)
left join gold.sales_performance as days on days.date_key = $1::date + numbers.number
left join firsts on firsts.first_day = $1::date + numbers.number
order by numbers.number
