-- A file that was rewritten with the same beginning is known by the content of what was read of it.
alter table medallion.offsets add column digest text;

comment on column medallion.offsets.digest is 'SHA-256 of the file''s text up to position; null for other logs, and until ingest has seen the file again';
