-- The checks of a model that have failing rows of a run.
-- grain: one row per check
-- parameters: $1 run, $2 model, $3 check, null for all
select results.check_name as name, results.failing::double precision as failing
from medallion.check_results as results
where
    results.run_id = $1::bigint
    and results.model = $2
    and ($3::text is null or results.check_name = $3)
    and exists (
        select
        from medallion.check_failures as failures
        where
            failures.run_id = results.run_id
            and failures.model = results.model
            and failures.check_name = results.check_name
    )
order by results.check_name
