-- Which of some marts are due: never computed, longer ago than their interval, or on an earlier UTC day.
-- $1 text[]: their ids. $2 interval[]: how often each is computed at most
select
    marts.model,
    coalesce(refreshed.refreshed_at + marts.every <= now()
    or (refreshed.refreshed_at at time zone 'UTC')::date < (now() at time zone 'UTC')::date, true) as due,
    refreshed.pending_since is not null as pending
from unnest($1::text[], $2::interval[]) as marts (model, every)
left join medallion.refreshed_marts as refreshed on marts.model = refreshed.model
