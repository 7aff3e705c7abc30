-- PostgreSQL: the same, but only where they are later than the row that is there.
insert into {table} as t ({columns})
select {columns}
from {staged}
on conflict ({key}) do update
set {assignments}
where ({excluded.latest}) > ({t.latest})
