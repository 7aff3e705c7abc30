-- The latest records of some topics, of each partition an equal share, in the order of the log.
-- grain: one row per record
-- parameters: $1 topics, $2 how many at most
with latest as (
    select records.*
    from medallion.offsets
    cross join lateral (
        select e.topic, e.partition, e."offset", e.produced_at, e.value
        from bronze.events as e
        where e.topic = offsets.topic and e.partition = offsets.partition
        order by e."offset" desc
        limit (
            select ceil($2::numeric / count(*))::bigint
            from medallion.offsets as all_offsets
            where all_offsets.topic = any($1::text[])
        )
    ) as records
    where offsets.topic = any($1::text[])
    order by records.produced_at desc, records.topic, records.partition, records."offset" desc
    limit $2::bigint
)

select topic, partition, "offset", value
from latest
order by produced_at, topic, partition, "offset"
