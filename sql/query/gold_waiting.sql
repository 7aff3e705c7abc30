-- Days that changed in silver since gold was published.
-- grain: one row
select
    count(*)::integer as count,
    coalesce(extract(epoch from now() - min(stale_since)), 0)::double precision as seconds
from medallion.stale_dates
