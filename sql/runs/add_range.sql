insert into medallion.run_partitions as p (run_id, topic, partition, from_offset, to_offset, events)
values ({run_id}, {topic}, {partition}, {from}, {to}, {events})
on conflict (run_id, topic, partition) do update
set
    from_offset = least(p.from_offset, excluded.from_offset),
    to_offset = greatest(p.to_offset, excluded.to_offset),
    events = p.events + excluded.events
