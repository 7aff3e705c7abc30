/* @model
description: The calendar, whole years at a time
grain: one row per day of each year that has an event
key: [date_key]
load: insert_new
columns:
  date_key: { type: date, description: The day }
  year: { type: integer, description: Year }
  quarter: { type: integer, description: 'Quarter of the year, 1 to 4' }
  month: { type: integer, description: 'Month, 1 to 12' }
  month_name: { type: text, description: Month in English }
  day: { type: integer, description: Day of the month }
  iso_year: { type: integer, description: Year of the ISO 8601 week }
  iso_week: { type: integer, description: 'ISO 8601 week, 1 to 53' }
  weekday: { type: integer, description: 'ISO 8601 day of the week, 1 is Monday' }
  weekday_name: { type: text, description: Day of the week in English }
  is_weekend: { type: boolean, description: Saturday or Sunday }
*/
with years as (
    select distinct extract(year from date_key) as year
    from source.events
),

days as (
    select each_day_of_year(year) as date_key
    from years
)

select
    date_key,
    extract(year from date_key) as year,
    extract(quarter from date_key) as quarter,
    extract(month from date_key) as month,
    month_name(date_key) as month_name,
    extract(day from date_key) as day,
    iso_year(date_key) as iso_year,
    extract(week from date_key) as iso_week,
    iso_weekday(date_key) as weekday,
    weekday_name(date_key) as weekday_name,
    iso_weekday(date_key) >= 6 as is_weekend
from days
