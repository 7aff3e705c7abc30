-- PostgreSQL: before the new rows come, those of the published months go.
delete from {table} as t
using pg_temp.published_months as p
where t.month_key = p.month_key
