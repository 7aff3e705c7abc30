-- Tables and views that the user may read; those that other people have made, too.
select
    n.nspname as schema,
    c.relname as name
from pg_class as c
inner join pg_namespace as n on c.relnamespace = n.oid
where
    n.nspname in ('bronze', 'silver', 'gold')
    and c.relkind in ('r', 'p', 'v', 'm')
    and has_table_privilege(c.oid, 'select')
