-- A day grows until it is over, and its orders may change as long: only what was published on a later day, by the
-- server's clock, is restated. So the publication that brings the rest of yesterday restates nothing. Of a day without a
-- record, which an older version published, it is enough that it is over.
select
    p.date_key,
    coalesce(t.{orders}, 0) as orders,
    coalesce(t.{total}, 0) as total
from pg_temp.published_days as p
left join {table} as t on p.date_key = t.date_key
left join medallion.day_publications as l on p.date_key = l.date_key
where
    cast(coalesce(l.published_at, now()) at time zone (select timezone from gold.reporting) as date) > p.date_key
    and (
        t.date_key is not null
        or exists (select from gold.restatements as r where r.date_key = p.date_key)
    )
