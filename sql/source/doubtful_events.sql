create or replace table source.doubtful as
select event_no, topic, partition, "offset", produced_at, value
from source.events
where event_no in ({doubtful})
