-- Of the rows of a dimension that wait for the end of a fill, the latest of each key.
create temporary table {staged} on commit drop as
select distinct on ({key}) {columns}
from {waiting} as waiting
order by {key}, {latest_first}
