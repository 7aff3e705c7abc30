-- The last run that checked anything; of a model or a check, the last one in which it had failing rows.
-- grain: one row
-- parameters: $1 model, $2 check, each null for all
select
    (case
        when $1::text is null then (select max(run_id) from medallion.check_results)
        else (
            select max(run_id)
            from medallion.check_failures
            where model = $1 and ($2::text is null or check_name = $2)
        )
    end)::text as "runId"
