-- What silver has of events that were pruned from bronze.
select
    coalesce(sum(current_events + duplicate_events + superseded_events), 0) as events,
    to_char(max(produced_before), 'YYYY-MM-DD HH24:MI') as before
from medallion.pruned
where in_silver
