-- What the checks of a run counted, those that failed first.
-- grain: one row per check
-- parameters: $1 run, $2 only those that did not pass
select
    model,
    check_name as check,
    severity,
    outcome,
    failing,
    checked,
    warn_above,
    error_above
from medallion.check_results
where run_id = $1::bigint and (not $2::boolean or outcome <> 'pass')
order by case outcome when 'error' then 1 when 'warn' then 2 else 3 end, model desc, check_name
