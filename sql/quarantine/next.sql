-- The next $1 events to judge again, in order: those after the place $2, $3, $4, or the first ones.
select
    q.topic,
    q.partition,
    q."offset",
    octet_length(q.raw) as bytes
from bronze.quarantine as q
where
    {selected}
    and q.stage = 'silver'
    and {is_promoted}
    and {is_stored}
    and ($2::text is null or (q.topic, q.partition, q."offset") > ($2::text, $3::integer, $4::bigint))
order by q.topic, q.partition, q."offset"
limit $1
