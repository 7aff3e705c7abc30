-- While silver is made again every event comes by once more, which makes none of them late.
insert into medallion.stale_dates as days (date_key, events)
select
    date_key,
    case when exists (select from medallion.refreshes where layer = 'silver') then 0 else events end
from pg_temp.stale_dates
on conflict (date_key) do update set events = days.events + excluded.events
