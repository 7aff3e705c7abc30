-- The mapping by which a topic's records are read: topic, source, hash of the mapping.
insert into medallion.topic_sources as known (topic, source, mapping) values ($1, $2, $3)
on conflict (topic) do update set source = $2, mapping = $3, recorded_at = now()
where (known.source, known.mapping) is distinct from ($2, $3)
