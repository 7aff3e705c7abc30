-- PostgreSQL: the same cells as they will be; those that nothing is behind any more are left out.
select {derived}
from (
    select {key}, {sums}
    from (
        select {key}, {measures}
        from {delta}
        union all
        select {key}, {measures}
        from {before}
    ) as cells
    group by {key}
) as {name}
where {count} <> 0
