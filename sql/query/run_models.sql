-- What each model did in a run, in the order of the pipeline's layers.
-- grain: one row per model
-- parameters: $1 run
select model, read, written, rejected, seconds
from medallion.run_models
where run_id = $1::bigint
order by split_part(model, '.', 1) desc, model
