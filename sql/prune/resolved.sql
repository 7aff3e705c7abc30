-- Rejected events whose bytes prune would let go: dismissed or replayed, and taken in by the log before $1.
-- grain: one row
select
    count(*)::double precision as events,
    coalesce(sum(octet_length(raw)), 0) as bytes
from bronze.quarantine
where status <> 'open' and produced_at < $1 and raw is not null
