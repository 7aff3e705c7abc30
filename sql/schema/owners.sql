-- What gives tables and views, $1, to the owners of their schemas, so far as the user may act for those.

select
    format(
        'alter %s %I.%I owner to %I',
        case c.relkind when 'v' then 'view' else 'table' end,
        n.nspname,
        c.relname,
        pg_get_userbyid(n.nspowner)
    ) as statement
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where
    n.nspname || '.' || c.relname = any($1)
    and c.relkind in ('r', 'v', 'p')
    and c.relowner <> n.nspowner
    and pg_has_role(n.nspowner, 'member')
