-- Days that changed in silver since gold was published.
-- grain: one row
select count(*) as waiting_days, extract(epoch from now() - min(touched_at)) as waiting_seconds
from medallion.touched_days
