-- PostgreSQL: fills the empty table of a mart, in the order of its key.
insert into {table} ({columns})
select {derived}
from {cells} as {name}
where {count} <> 0
order by {key}
