insert into medallion.check_results (
    run_id, model, check_name, severity, warn_above, error_above, checked, failing, outcome
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
