-- PostgreSQL: the events of bronze at some places, each found by its key.
select {columns}
from (values {places}) as places (topic, partition, "offset")
cross join lateral (
    select *
    from bronze.events as e
    where e.topic = places.topic and e.partition = places.partition and e."offset" = places."offset"
    limit 1
) as e
