-- Ends the sessions that the session of process $1 waits for and that have stood still for $2 milliseconds.
-- In a select list, and not among the conditions: those are asked in any order.
select pg_terminate_backend(pid)::text as ended
from pg_stat_activity
where
    pid = any(pg_blocking_pids($1))
    and usename = current_user
    and application_name = 'medallion'
    and wait_event = 'ClientRead'
    and xact_start < clock_timestamp() - $2 * interval '1 millisecond'
