-- PostgreSQL: before the new rows come, all rows go.
delete from {table}
