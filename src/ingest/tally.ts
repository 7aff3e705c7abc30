import type { Gap, RecordBatch, TopicPartition } from '../log/log.ts';
import type { Refusal } from './admission.ts';

/** What a run did to one partition. */
export interface PartitionTally extends TopicPartition {
  readonly fromOffset: bigint;
  /** The first offset after what was read. */
  readonly nextOffset: bigint;
  readonly events: number;
  readonly bytes: number;
  readonly quarantined: number;
}

/** What one batch did. */
export interface BatchTally {
  readonly events: number;
  /** Bytes of the events' values. */
  readonly bytes: number;
  readonly refused: readonly Refusal[];
}

/** Counts what a run of ingest did. */
export class Tally {
  readonly #partitions = new Map<string, PartitionTally>();
  readonly #quarantined = new Map<Refusal['reason'], number>();
  readonly gaps: Gap[] = [];
  events = 0;
  bytes = 0;
  /** Batches that another consumer had landed first, and their records. */
  droppedBatches = 0;
  droppedRecords = 0;

  add(topic: string, batch: RecordBatch, { events, bytes, refused }: BatchTally): void {
    const key = `${batch.partition} ${topic}`;
    const before = this.#partitions.get(key);
    this.events += events;
    this.bytes += bytes;
    this.#partitions.set(key, {
      ...{ topic, partition: batch.partition },
      fromOffset: before?.fromOffset ?? batch.fromOffset,
      nextOffset: batch.nextOffset,
      events: (before?.events ?? 0) + events,
      bytes: (before?.bytes ?? 0) + bytes,
      quarantined: (before?.quarantined ?? 0) + refused.length,
    });
    for (const { reason } of refused) {
      this.#quarantined.set(reason, (this.#quarantined.get(reason) ?? 0) + 1);
    }
  }

  drop(batch: RecordBatch): void {
    this.droppedBatches += 1;
    this.droppedRecords += batch.records.length;
  }

  /** By topic and partition. */
  get partitions(): PartitionTally[] {
    return [...this.#partitions.values()].sort(
      (a, b) => (a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : 0) || a.partition - b.partition,
    );
  }

  /** How many were refused for each reason. */
  get quarantined(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#quarantined].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}
