-- Topics of which open events wait for what ingest does: those that were too large, or could not be decoded.
select distinct q.topic
from bronze.quarantine as q
where
    {selected}
    and q.stage = 'ingest'
    and q.reason in ('too_large', 'undecodable')
    and q.raw is not null
