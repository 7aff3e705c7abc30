-- Rejected events that nobody has dealt with yet, by an index of their own.
-- grain: one row per stage and reason
select stage, reason, count(*) as events
from bronze.quarantine
where status = 'open'
group by stage, reason
order by events desc, stage, reason
