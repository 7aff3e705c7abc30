-- The rows of partitions, of every generation of their topics: "sales" and "sales#2".
select distinct
    stored.topic,
    stored.partition,
    stored.next_offset,
    stored.source,
    stored.position,
    stored.digest
from unnest($1::text [], $2::integer []) as asked (topic, partition)
inner join medallion.offsets as stored
    on
        asked.partition = stored.partition
        and (stored.topic = asked.topic or starts_with(stored.topic, asked.topic || '#'))
