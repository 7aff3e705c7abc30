-- A table or view by its name, and its columns.
select
    c.oid,
    n.nspname as schema,
    c.relname as table,
    json_object_agg(a.attname, format_type(a.atttypid, null) order by a.attnum) as columns
from pg_class as c
inner join pg_namespace as n on c.relnamespace = n.oid
inner join pg_attribute as a on c.oid = a.attrelid
where
    c.oid = to_regclass($1)
    and c.relkind in ('r', 'p', 'v', 'm', 'f')
    and a.attnum > 0
    and not a.attisdropped
group by 1, 2, 3
