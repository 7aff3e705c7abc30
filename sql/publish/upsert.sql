-- PostgreSQL: rows come in, or replace the row of the same key where they say something else.
insert into {table} as t ({columns})
select {columns}
from {staged}
on conflict ({key}) do update
set {assignments}
where ({t.others}) is distinct from ({excluded.others})
