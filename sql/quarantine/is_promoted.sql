-- Silver has judged what stood at the place of a row q: everything before the watermark.
exists (
    select
    from medallion.watermarks as w
    where w.topic = q.topic and w.partition = q.partition and w.next_offset > q."offset"
)
