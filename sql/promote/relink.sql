-- A repeated event that comes later in the log than the one that silver has: the rows stay, and point at it.
update silver.fact_transactions as t
set
    produced_at = relinked.produced_at,
    topic = relinked.topic,
    partition = relinked.partition,
    "offset" = relinked."offset",
    run_id = {run_id}
from pg_temp.relinked as relinked
where t.transaction_key = relinked.transaction_key
