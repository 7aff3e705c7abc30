-- Rejected events that nobody has dealt with yet, by reason.
-- grain: one row per stage and reason
select
    stage,
    reason,
    count(*) as events,
    max(quarantined_at) as last_quarantined_at
from bronze.quarantine
where status = 'open'
group by stage, reason
order by events desc, stage, reason
