-- A member that a source adds to a dimension, unless it is there: an id that is another one's by now ends the transaction.
insert into silver.{table} ({columns}, is_new)
select $1, $2{code}, true
where not exists (select from silver.{table} where id = $1 and name = $2)
