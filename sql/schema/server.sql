-- What a session finds out about its server.
select
    current_setting('server_version_num') as number,
    current_setting('server_version') as version,
    current_setting('server_encoding') as encoding,
    pg_backend_pid() as backend,
    current_setting('transaction_read_only') as read_only,
    pg_is_in_recovery()::text as standby
