-- When the shop sells: orders by weekday, in columns of two hours each.
-- grain: one row per weekday, none where nothing was sold
-- parameters: $1 first day, $2 last day
with hours as (
    select date_key, hour, orders
    from gold.hourly_sales
    where date_key between $1::date and $2::date
),

weekdays as (
    select extract(isodow from date_key)::integer as weekday, hour, sum(orders) as orders
    from hours
    group by 1, 2
)

select
    names.name as weekday,
    coalesce(sum(weekdays.orders) filter (where weekdays.hour between 0 and 1), 0) as hour_00,
    coalesce(sum(weekdays.orders) filter (where weekdays.hour between 2 and 3), 0) as hour_02,
    coalesce(sum(weekdays.orders) filter (where weekdays.hour between 4 and 5), 0) as hour_04,
    coalesce(sum(weekdays.orders) filter (where weekdays.hour between 6 and 7), 0) as hour_06,
    coalesce(sum(weekdays.orders) filter (where weekdays.hour between 8 and 9), 0) as hour_08,
    coalesce(sum(weekdays.orders) filter (where weekdays.hour between 10 and 11), 0) as hour_10,
    coalesce(sum(weekdays.orders) filter (where weekdays.hour between 12 and 13), 0) as hour_12,
    coalesce(sum(weekdays.orders) filter (where weekdays.hour between 14 and 15), 0) as hour_14,
    coalesce(sum(weekdays.orders) filter (where weekdays.hour between 16 and 17), 0) as hour_16,
    coalesce(sum(weekdays.orders) filter (where weekdays.hour between 18 and 19), 0) as hour_18,
    coalesce(sum(weekdays.orders) filter (where weekdays.hour between 20 and 21), 0) as hour_20,
    coalesce(sum(weekdays.orders) filter (where weekdays.hour between 22 and 23), 0) as hour_22
from
    (values
        (1, 'Monday'), (2, 'Tuesday'), (3, 'Wednesday'), (4, 'Thursday'),
        (5, 'Friday'), (6, 'Saturday'), (7, 'Sunday')
    ) as names (weekday, name)
left join weekdays on names.weekday = weekdays.weekday
where exists (select from weekdays)
group by names.weekday, names.name
order by names.weekday
