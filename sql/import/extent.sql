-- Of a table of the older pipeline: the first id from $1 on, the last, how many were passed, how many cannot be read.
select
    min(id) filter (where id >= $1) as first,
    max(id) as last,
    count(*) filter (where id >= 0 and id < $1) as passed,
    count(*) filter (where id < 0 or id is null) as odd
from {table}
