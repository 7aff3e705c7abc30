insert into gold.restatements (date_key, run_id, old_orders, new_orders, old_total, new_total, late_events)
select
    b.date_key,
    {run_id},
    b.orders,
    coalesce(t.{orders}, 0),
    b.total,
    coalesce(t.{total}, 0),
    coalesce(d.events, 0)
from pg_temp.published_before as b
left join {table} as t on b.date_key = t.date_key
left join medallion.stale_dates as d on b.date_key = d.date_key
where (b.orders, b.total) is distinct from (coalesce(t.{orders}, 0), coalesce(t.{total}, 0))
on conflict (date_key, run_id) do nothing;

insert into medallion.day_publications (date_key, published_at)
select
    date_key,
    now()
from pg_temp.published_days
on conflict (date_key) do update set published_at = excluded.published_at
