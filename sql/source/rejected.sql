-- Where each rejected event stands in bronze. Of an event that the archive may hold PostgreSQL has no text: {text} is it.
create or replace table source.rejected as
select
    doubtful.topic,
    doubtful.partition,
    doubtful."offset",
    doubtful.produced_at,
    rejected.reason,
    rejected.field,
    rejected.detail,
    {text} as value
from source.rejected
inner join source.doubtful using (event_no)
