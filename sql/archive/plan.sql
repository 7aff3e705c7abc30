-- What archive would move: the promoted events of each partition that come before its first one that is younger than $1.
-- An event is as old as the log says, and no younger than its row: a time in the future would hold up all behind it.
-- grain: one row per partition that has any event as old
select
    watermarks.topic,
    watermarks.partition,
    count(*)::double precision as events,
    sum(octet_length(events.value)) as bytes,
    min(events."offset") as "fromOffset",
    max(events."offset") + 1 as "toOffset"
from medallion.watermarks
left join lateral (
    select young."offset"
    from bronze.events as young
    where
        young.topic = watermarks.topic
        and young.partition = watermarks.partition
        and young."offset" < watermarks.next_offset
        and least(young.produced_at, young.ingested_at) >= $1
    order by young."offset"
    limit 1
) as first_young on true
inner join bronze.events
    on
        events.topic = watermarks.topic
        and events.partition = watermarks.partition
        and events."offset" < least(watermarks.next_offset, first_young."offset")
group by watermarks.topic, watermarks.partition
order by watermarks.topic, watermarks.partition
