-- Moves a partition on, unless somebody else has. A row locked by another consumer is waited for, and then judged by what it
-- has become.
update medallion.offsets
set
    next_offset = $3,
    position = $5,
    digest = $10,
    ingested_events = ingested_events + $6,
    ingested_bytes = ingested_bytes + $7,
    quarantined_events = quarantined_events + $8,
    last_produced_at = greatest(last_produced_at, $9::timestamptz),
    implausible_events = implausible_events + $11,
    updated_at = now()
where topic = $1 and partition = $2 and next_offset = $12 and source = $4
