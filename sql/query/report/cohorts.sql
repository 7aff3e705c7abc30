-- Customers by the month of their first order, and how many percent of them bought in each of the months after.
-- grain: one row per first month, of the twelve up to the end of the period
-- parameters: $1 last day
with cohorts as (
    select cohort_month, month_number, customers
    from gold.cohort_retention
    where
        cohort_month > date_trunc('month', $1::date) - interval '12 months'
        and cohort_month <= $1::date
)

select
    to_char(cohort_month, 'YYYY-MM') as first_month,
    coalesce(sum(customers) filter (where month_number = 0), 0) as customers,
    round(
        sum(customers) filter (where month_number = 1) * 100
        / nullif(sum(customers) filter (where month_number = 0), 0), 1
    ) as month_1,
    round(
        sum(customers) filter (where month_number = 2) * 100
        / nullif(sum(customers) filter (where month_number = 0), 0), 1
    ) as month_2,
    round(
        sum(customers) filter (where month_number = 3) * 100
        / nullif(sum(customers) filter (where month_number = 0), 0), 1
    ) as month_3,
    round(
        sum(customers) filter (where month_number = 4) * 100
        / nullif(sum(customers) filter (where month_number = 0), 0), 1
    ) as month_4,
    round(
        sum(customers) filter (where month_number = 5) * 100
        / nullif(sum(customers) filter (where month_number = 0), 0), 1
    ) as month_5,
    round(
        sum(customers) filter (where month_number = 6) * 100
        / nullif(sum(customers) filter (where month_number = 0), 0), 1
    ) as month_6,
    round(
        sum(customers) filter (where month_number = 7) * 100
        / nullif(sum(customers) filter (where month_number = 0), 0), 1
    ) as month_7,
    round(
        sum(customers) filter (where month_number = 8) * 100
        / nullif(sum(customers) filter (where month_number = 0), 0), 1
    ) as month_8,
    round(
        sum(customers) filter (where month_number = 9) * 100
        / nullif(sum(customers) filter (where month_number = 0), 0), 1
    ) as month_9,
    round(
        sum(customers) filter (where month_number = 10) * 100
        / nullif(sum(customers) filter (where month_number = 0), 0), 1
    ) as month_10,
    round(
        sum(customers) filter (where month_number = 11) * 100
        / nullif(sum(customers) filter (where month_number = 0), 0), 1
    ) as month_11
from cohorts
group by cohort_month
order by cohort_month
