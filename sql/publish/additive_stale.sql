-- PostgreSQL: what a mart holds of stale days is taken away: they are summed up whole.
insert into {delta} ({key}, {measures})
select {key}, {negated}
from {table}
where date_key in (select date_key from pg_temp.stale_days)
