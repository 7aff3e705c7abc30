-- Events whose values, or why they have none, are the rows $2.
select
    q.*,
    d.value,
    d.format,
    d.schema_id,
    d.fault,
    d.fault_detail,
    d.is_cut
from json_to_recordset($2::json) as d (
    topic text, partition integer, "offset" bigint, value text, format text, schema_id integer, fault text, fault_detail text,
    is_cut boolean
)
join bronze.quarantine as q using (topic, partition, "offset")
where q.stage = 'ingest' and q.status = 'open'
