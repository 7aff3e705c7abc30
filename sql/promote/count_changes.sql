-- What the notes of a table come to: a row is known by the columns of {identity}.
with notes as (
    select {columns}, {gone}, {number}
    from {notes}
),

first as (
    select distinct on ({identity}) *
    from notes
    order by {identity}, {number}
),

last as (
    select distinct on ({identity}) *
    from notes
    order by {identity}, {number} desc
)

select
    count(*) filter (where not first.{gone} and not last.{gone}) as new,
    count(*) filter (where first.{gone} and not last.{gone} and ({is_other})) as changed,
    count(*) filter (where first.{gone} and last.{gone}) as removed
from first
inner join last using ({identity})
