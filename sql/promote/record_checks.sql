-- What the checks of run $1 counted; of each check a value in every array.
insert into medallion.check_results (
    run_id, model, check_name, severity, warn_above, error_above, checked, failing, outcome
)
select $1, counted.*
from unnest($2::text [], $3::text [], $4::text [], $5::text [], $6::text [], $7::bigint [], $8::bigint [], $9::text [])
    as counted
