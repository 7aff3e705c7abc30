-- The role that dashboards read the warehouse with: it can read every table and change none.
-- Its search path lets dashboards that name the older pipeline's tables without a schema go on working.
\getenv password GRAFANA_READER_PASSWORD
create role grafana login password :'password';
grant pg_read_all_data to grafana;
alter role grafana set search_path = gold, silver;
alter role grafana set default_transaction_read_only = on;
alter role grafana set statement_timeout = '60s';
