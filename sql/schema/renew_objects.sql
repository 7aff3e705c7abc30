-- Records the oids anew where a dump was restored, which gives every object a new one.

update medallion.objects as o
set object_id = s.object_id, record_id = o.tableoid
from medallion.schema_objects as s
where o.record_id <> o.tableoid and s.is_own and s.schema_name = o.schema_name and s.name = o.name
