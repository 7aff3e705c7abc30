-- PostgreSQL: the cells of a delta as the table holds them, each looked up by its key.
select t.*
from (select distinct {key} from {delta}) as k
cross join lateral (
    select *
    from {table} as t
    where {t.key = k.key}
    limit 1
) as t
