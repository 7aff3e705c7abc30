-- Who has the advisory lock $1. Each database has locks of its own.
select
    a.application_name as name,
    to_char(a.backend_start, 'YYYY-MM-DD HH24:MI:SS') as since
from pg_locks as l
inner join pg_stat_activity as a on l.pid = a.pid
where
    l.locktype = 'advisory'
    and l.granted
    and l.database = (select oid from pg_database where datname = current_database())
    and (l.classid::bigint << 32 | l.objid::bigint) = $1::bigint
