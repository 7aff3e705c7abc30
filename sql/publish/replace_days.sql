-- PostgreSQL: before the new rows come, those of the published days go.
delete from {table} as t
using pg_temp.published_days as p
where t.date_key = p.date_key
