-- Whether run $4 has written the record of partition $1, $2 at offset $3, to bronze or to the quarantine.
select from bronze.events
where topic = $1 and partition = $2 and "offset" = $3 and run_id = $4
union all
select from bronze.quarantine
where topic = $1 and partition = $2 and "offset" = $3 and run_id = $4 and stage = 'ingest'
