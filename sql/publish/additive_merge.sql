-- PostgreSQL: leaves the table with the cells as they will be.
delete from {table} as t
using {before} as b
where {t.key = b.key} and not exists (select from {after} as a where {a.key = b.key});

insert into {table} as t ({columns})
select {columns}
from {after}
on conflict ({key}) do update
set {assignments}
where ({t.others}) is distinct from ({excluded.others})
