-- Which of some marts are due: never computed, longer ago than their interval, or on an earlier day.
-- $1 text[]: their ids. $2 interval[]: how often each is computed at most
select
    marts.model,
    coalesce(refreshed.refreshed_at + marts.every <= now()
    or (refreshed.refreshed_at at time zone reporting.timezone)::date < (now() at time zone reporting.timezone)::date, true) as due,
    refreshed.pending_since is not null as pending
from unnest($1::text[], $2::interval[]) as marts (model, every)
cross join gold.reporting
left join medallion.refreshed_marts as refreshed on marts.model = refreshed.model
