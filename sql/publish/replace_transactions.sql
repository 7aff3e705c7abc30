-- PostgreSQL: before the new rows come, those of corrected transactions go.
delete from {table} as t
using pg_temp.replaced_keys as r
where t.transaction_key = r.transaction_key
