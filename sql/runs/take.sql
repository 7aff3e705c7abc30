-- Takes the record of a run that lay in a file into the metadata, once: its id makes a second time do nothing.

insert into medallion.runs
(
    command, version, arguments, os_user, host, process_id, database_user,
    started_at, finished_at, outcome, counts, error, file_id
)
values ($1, $2, $3, $4, $5, $6, null, $7, coalesce($8, now()), $9, $10, $11, $12)
on conflict (file_id) do nothing
returning run_id
