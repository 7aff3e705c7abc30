-- PostgreSQL: rows that the table is not to have any more go.
delete from {table} as t
where not exists (select from {staged} as s where {s.key = t.key})
