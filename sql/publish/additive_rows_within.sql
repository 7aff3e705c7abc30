-- PostgreSQL: the rows of the mart it reads that share a value of `within` with one that has changed.
select {source columns}
from (
    select t.*
    from (select distinct {within} from {source delta}) as k
    cross join lateral (
        select *
        from {source} as t
        where {t.within = k.within}
    ) as t
) as whole
