-- Where the next $5 events of partition $1, $2 end that prune may remove, from offset $3 on; $4 as for the plan.
-- grain: one row, null when nothing is left to remove
select max("offset") + 1 as "to"
from (
    select events."offset"
    from bronze.events
    inner join medallion.watermarks using (topic, partition)
    where
        events.topic = $1
        and events.partition = $2
        and events."offset" >= $3
        and events."offset" < watermarks.next_offset
        and events.produced_at < $4
    order by events."offset"
    limit $5
) as batch
