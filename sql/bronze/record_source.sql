-- The source of a topic: the one it has, where it has one.
insert into medallion.topic_sources as known (topic, source)
values ($1, $2)
on conflict (topic) do update set source = known.source
returning source
