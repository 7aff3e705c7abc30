-- What the checks of a run counted, those that were not met first.
-- grain: one row per check
-- parameters: $1 run
select model, check_name, severity, failing
from medallion.check_results
where run_id = $1::bigint
order by failing > 0 desc, severity, model, check_name
