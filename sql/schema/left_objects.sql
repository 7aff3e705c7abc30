-- What is left of objects, given by their oids.

select (object).type as kind, (object).identity as identity
from unnest($1::oid[], $2::oid[]) as ids (class_id, object_id)
cross join lateral pg_identify_object(class_id, object_id, 0) as object
where (object).identity is not null
