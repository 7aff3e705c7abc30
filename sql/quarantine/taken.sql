-- Takes what {chosen} holds into bronze as of run $1: a row q with the value that it has by now, or the reason why it has none.
-- It stays open in the quarantine until silver has judged it, there too without what its source drops (is_cut).
with chosen as materialized (
    {chosen}
),

taken as (
    insert into bronze.events (
        topic, partition, "offset", value, format, schema_id, produced_at, ingested_at, run_id
    )
    select topic, partition, "offset", value, format, schema_id, produced_at, now(), $1::bigint
    from chosen
    where value is not null
    returning topic, partition, "offset", octet_length(value) as bytes
),

recorded as (
    update medallion.offsets as o
    set
        ingested_events = o.ingested_events + t.events,
        ingested_bytes = o.ingested_bytes + t.bytes,
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
        $1::bigint,
        case when value is null then 'rejected' else 'ingested' end,
        status,
        status,
        reason,
        field,
        detail,
        case when value is null then fault else reason end,
        case when value is null then fault_detail else detail end
    from chosen
)

update bronze.quarantine as q
set
    stage = case when c.value is null then q.stage else 'silver' end,
    raw = case when c.is_cut and c.value is not null then convert_to(c.value, 'UTF8') else q.raw end,
    reason = case when c.value is null then c.fault else q.reason end,
    detail = case when c.value is null then c.fault_detail else q.detail end
from chosen as c
where q.topic = c.topic and q.partition = c.partition and q."offset" = c."offset"
