/* @model
description: Accepted events that are not the current truth of their transaction
grain: one row per event
key: [topic, partition, offset]
indexes: ['(transaction_id)']
load: upsert
columns:
  topic: { type: text, description: Topic of the bronze event }
  partition: { type: integer, description: Partition of the bronze event }
  offset: { type: bigint, description: Offset of the bronze event }
  transaction_id: { type: text, description: Transaction id }
  event_timestamp: { type: timestamptz, description: When it happened }
  date_key: { type: date, description: 'Day the order was made on, in the zone of the reports' }
  produced_at: { type: timestamptz, description: When the log took the event in }
  content_hash: { type: text, description: 'SHA-256 of what the event says, see medallion.content_hash: tells a repeated event from a correction' }
  outcome: { type: text, description: 'duplicate (same content as a better event) or superseded (other content)' }
  run_id: { type: bigint, description: The run of promote that decided it }
*/
select
    dedup_results.topic,
    dedup_results.partition,
    dedup_results."offset",
    dedup_results.transaction_id,
    dedup_results.event_timestamp,
    dedup_results.date_key,
    dedup_results.produced_at,
    dedup_results.content_hash,
    dedup_results.outcome,
    run.run_id
from source.dedup_results
cross join source.run
where dedup_results.outcome <> 'current'
