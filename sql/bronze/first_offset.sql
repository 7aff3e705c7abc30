insert into medallion.offsets (
    topic, partition, next_offset, source, position,
    ingested_events, ingested_bytes, quarantined_events, last_produced_at, digest, implausible_events
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
on conflict do nothing
