-- The schemas of medallion that hold nothing and that the user may drop.

select n.nspname as name
from pg_namespace as n
where
    n.nspname in ('bronze', 'silver', 'gold', 'medallion')
    and pg_has_role(n.nspowner, 'member')
    and not exists (
        select from pg_depend
        where refclassid = 'pg_namespace'::regclass and refobjid = n.oid and deptype = 'n'
    )
