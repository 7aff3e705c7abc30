-- PostgreSQL: rows whose key is not there yet come in.
insert into {table} as t ({columns})
select {columns}
from {staged}
on conflict ({key}) do nothing
