-- The next values of the topics $2 that bronze can take by now, in order: of at most $1 bytes each, and $4 together, one at
-- least; those after the place $5, $6, $7, or the first ones. Values of the topics $3 can be decoded.
with waiting as materialized (
    select
        q.topic,
        q.partition,
        q."offset",
        q.raw
    from bronze.quarantine as q
    where
        {selected}
        and q.stage = 'ingest'
        and q.topic = any($2::text [])
        and (
            (q.reason = 'undecodable' and q.topic = any($3::text []))
            or (q.reason = 'too_large' and {is_whole})
        )
        and octet_length(q.raw) <= $1
        and {is_promoted}
        and ($5::text is null or (q.topic, q.partition, q."offset") > ($5::text, $6::integer, $7::bigint))
    order by q.topic, q.partition, q."offset"
    limit 1000
)

select
    topic,
    partition,
    "offset",
    raw
from (
    select
        *,
        row_number() over places as place,
        sum(octet_length(raw)) over places as bytes
    from waiting
    window places as (order by topic, partition, "offset")
) as counted
where place = 1 or bytes <= $4
order by place
