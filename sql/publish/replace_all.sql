-- PostgreSQL: rows that are new or say something else come in. Most are as they were: a join finds them sooner than a
-- conflict each.
insert into {table} as t ({columns})
select {columns}
from {staged} as s
where
    not exists (
        select
        from {table} as o
        where {s.key = o.key} and ({s.others}) is not distinct from ({o.others})
    )
on conflict ({key}) do update
set {assignments}
