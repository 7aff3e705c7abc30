-- Days whose facts changed since gold was last published are stale dates.
alter table medallion.touched_days rename to stale_dates;
alter table medallion.stale_dates rename column touched_at to stale_since;
alter index medallion.touched_days_pkey rename to stale_dates_pkey;
comment on column medallion.stale_dates.stale_since is 'When it became stale';
delete from medallion.objects where schema_name = 'medallion' and name = 'touched_days';
