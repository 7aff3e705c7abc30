-- grain: one row
select
    'bronze' as layer,
    max(last_produced_at) as latest_event_at,
    max(updated_at) as committed_at
from medallion.offsets
