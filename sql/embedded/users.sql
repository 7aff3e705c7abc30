-- How many sessions hold a lease: $1 is the key of its advisory lock.

select count(*) as users
from pg_locks
where
    locktype = 'advisory'
    and mode = 'ShareLock'
    and granted
    and (classid::bigint << 32 | objid::bigint) = $1
