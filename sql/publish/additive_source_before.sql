-- The rows of a mart's source as they were: those that have changed, and the others of `after`.
select {columns}
from {before}
where {fresh}
union all
select {columns}
from {after} as t
where {fresh} and not exists (select from {delta} as d where {d.key = t.key})
