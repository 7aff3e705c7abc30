-- What a database says about itself.
select
    current_setting('server_version') as version,
    to_regclass('medallion.migrations') as migrated,
    pg_database_size(current_database()) as size
