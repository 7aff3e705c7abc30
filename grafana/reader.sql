-- The role that dashboards read the warehouse with: silver and gold, as they are now and as promotions will make them.
-- Run when the database is made, before medallion has made its tables; what "medallion db grant reader" does later on.
-- Its search path lets dashboards that name the older pipeline's tables without a schema go on working.
\getenv password GRAFANA_READER_PASSWORD
create role grafana login password :'password';
create schema if not exists silver;
create schema if not exists gold;
grant usage on schema silver, gold to grafana;
grant select on all tables in schema silver, gold to grafana;
alter default privileges in schema silver, gold grant select on tables to grafana;
alter role grafana set search_path = gold, silver;
alter role grafana set default_transaction_read_only = on;
alter role grafana set statement_timeout = '60s';
