-- Days that changed in silver since gold was published.
-- grain: one row
select count(*) as waiting_days, extract(epoch from now() - min(stale_since)) as waiting_seconds
from medallion.stale_dates
