import type { Rejections } from '../event/rejections.ts';
import type { Gap, RecordBatch, TopicPartition } from '../log/log.ts';
import { keyOf } from '../postgres/offsets.ts';
import type { Rejection } from './admission.ts';

/** Bytes that show what rejected records look like. */
const SAMPLE_BYTES = 4096;

/** What a run did to one partition. */
export interface PartitionTally extends TopicPartition {
  readonly fromOffset: bigint;
  /** The first offset after what was read. */
  readonly nextOffset: bigint;
  readonly events: number;
  readonly bytes: number;
  readonly quarantined: number;
}

/** What a run rejected of one partition. */
interface Rejected {
  readonly byReason: Map<Rejection['reason'], number>;
  /** The first of them, as lines. */
  sample: Buffer;
}

/** What one batch did. */
export interface BatchTally {
  readonly events: number;
  /** Bytes of the events' values. */
  readonly bytes: number;
  readonly rejected: readonly Rejection[];
  /** Events whose time in the log cannot be right. */
  readonly implausible: number;
}

/** Counts what a run of ingest did. */
export class Tally {
  readonly #partitions = new Map<string, PartitionTally>();
  readonly #rejected = new Map<string, Rejected>();
  readonly gaps: Gap[] = [];
  events = 0;
  bytes = 0;
  implausible = 0;
  /** Batches that another consumer had written first. */
  droppedBatches = 0;

  add(topic: string, batch: RecordBatch, written: BatchTally): void {
    const { events, bytes, rejected, implausible } = written;
    const key = keyOf({ topic, partition: batch.partition });
    const before = this.#partitions.get(key);
    this.events += events;
    this.bytes += bytes;
    this.implausible += implausible;
    this.#partitions.set(key, {
      ...{ topic, partition: batch.partition },
      fromOffset: before?.fromOffset ?? batch.fromOffset,
      nextOffset: batch.nextOffset,
      events: (before?.events ?? 0) + events,
      bytes: (before?.bytes ?? 0) + bytes,
      quarantined: (before?.quarantined ?? 0) + rejected.length,
    });
    for (const rejection of rejected) {
      this.#reject(key, rejection);
    }
  }

  #reject(key: string, { reason, record }: Rejection): void {
    const found: Rejected = this.#rejected.get(key) ?? {
      byReason: new Map(),
      sample: Buffer.alloc(0),
    };
    this.#rejected.set(key, found);
    found.byReason.set(reason, (found.byReason.get(reason) ?? 0) + 1);
    if (found.sample.length < SAMPLE_BYTES) {
      const beginning = record.value?.subarray(0, SAMPLE_BYTES) ?? Buffer.alloc(0);
      found.sample = Buffer.concat([found.sample, beginning, Buffer.from('\n')]);
    }
  }

  /** By topic and partition. */
  get partitions(): PartitionTally[] {
    return [...this.#partitions.values()].sort(
      (a, b) => (a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : 0) || a.partition - b.partition,
    );
  }

  /** How many were rejected for each reason. */
  get quarantined(): Readonly<Record<string, number>> {
    const sums = new Map<string, number>();
    for (const [reason, events] of [...this.#rejected.values()].flatMap((one) => [
      ...one.byReason,
    ])) {
      sums.set(reason, (sums.get(reason) ?? 0) + events);
    }
    return Object.fromEntries([...sums].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** What was rejected of each partition, as far as any was. */
  get rejections(): Rejections[] {
    return this.partitions.flatMap((partition) => {
      const { topic, events, quarantined: rejected } = partition;
      const { byReason, sample } = this.#rejected.get(keyOf(partition)) ?? {};
      const [commonest] = [...(byReason ?? [])].sort(([, a], [, b]) => b - a);
      return commonest === undefined || sample === undefined
        ? []
        : [{ topic, events: events + rejected, rejected, reason: commonest[0], sample }];
    });
  }
}
