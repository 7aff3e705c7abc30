-- Partitions with offsets that ingest has committed and promote has not, in order.
select
    o.topic,
    o.partition,
    coalesce(w.next_offset, 0) as from,
    o.next_offset as to
from medallion.offsets as o
left join medallion.watermarks as w on o.topic = w.topic and o.partition = w.partition
where o.next_offset > coalesce(w.next_offset, 0)
order by o.topic, o.partition
