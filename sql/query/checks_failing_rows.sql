-- The rows that failed a check, as many as a run kept.
-- grain: one row per failing row
-- parameters: $1 run, $2 model, $3 check
select failing_row as row
from medallion.check_failures
where run_id = $1::bigint and model = $2 and check_name = $3
order by number
