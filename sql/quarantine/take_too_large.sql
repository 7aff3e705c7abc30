-- Takes events that were too large for ingest, and have at most $1 bytes, into bronze as of run $2: they stay open in the
-- quarantine until silver has judged them.
with chosen as materialized (
    select
        q.*,
        medallion.text_of(q.raw) as value
    from bronze.quarantine as q
    where
        {selected}
        and q.stage = 'ingest'
        and q.reason = 'too_large'
        and octet_length(q.raw) <= $1
        and {is_whole}
        and {is_promoted}
),

taken as (
    insert into bronze.events (topic, partition, "offset", value, produced_at, ingested_at, run_id)
    select topic, partition, "offset", value, produced_at, now(), $2::bigint
    from chosen
    where value is not null
    returning topic, partition, "offset", octet_length(value) as bytes
),

recorded as (
    update medallion.offsets as o
    set
        landed_events = o.landed_events + t.events,
        landed_bytes = o.landed_bytes + t.bytes,
        quarantined_events = o.quarantined_events - t.events
    from (
        select topic, partition, count(*) as events, sum(bytes) as bytes
        from taken
        group by 1, 2
    ) as t
    where o.topic = t.topic and o.partition = t.partition
),

noted as (
    insert into bronze.quarantine_history (
        topic, partition, "offset", run_id, action, status_before, status_after,
        reason_before, field_before, detail_before, reason_after, detail_after
    )
    select
        topic,
        partition,
        "offset",
        $2::bigint,
        case when value is null then 'refused' else 'landed' end,
        status,
        status,
        reason,
        field,
        detail,
        case when value is null then 'not_text' else reason end,
        case when value is null then 'bytes that are not UTF-8, or a NUL' else detail end
    from chosen
)

update bronze.quarantine as q
set
    stage = case when c.value is null then q.stage else 'silver' end,
    reason = case when c.value is null then 'not_text' else q.reason end,
    detail = case when c.value is null then 'bytes that are not UTF-8, or a NUL' else q.detail end
from chosen as c
where q.topic = c.topic and q.partition = c.partition and q."offset" = c."offset"
