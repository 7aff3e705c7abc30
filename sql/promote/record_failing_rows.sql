insert into medallion.check_failures (run_id, model, check_name, number, failing_row)
select $1, $2, $3, number, failing_row
from unnest($4::jsonb []) with ordinality as failing (failing_row, number)
