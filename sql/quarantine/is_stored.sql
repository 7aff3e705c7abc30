-- Whether bronze, or the archive, still has the event of a row q: each is looked up by its key.
(
    (
        select true
        from bronze.events as e
        where e.topic = q.topic and e.partition = q.partition and e."offset" = q."offset"
        limit 1
    ) is not null
    or medallion.is_archived(q.topic, q.partition, q."offset")
)
