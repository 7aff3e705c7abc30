-- PostgreSQL: how many cells a delta has, how many of them are left, and how many would count less than nothing.
select
    (select count(*) from {delta}) as read,
    count(*) as written,
    count(*) filter (where {count} < 0) as negative
from {after}
