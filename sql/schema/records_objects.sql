-- A row where what medallion makes is recorded and the user may read the record.

select
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where
    n.nspname = 'medallion'
    and c.relname = 'schema_objects'
    and has_schema_privilege(n.oid, 'usage')
    and has_table_privilege(c.oid, 'select')
