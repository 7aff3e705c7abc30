import type { RecordBatch } from '../log.ts';
import { settledWithin } from './client.ts';

/** Batches written at once. Two keep two connections of the warehouse copying; more only wait for each other. */
const AT_ONCE = 2;
/** Batches that wait beside those: the next ones are fetched and decoded while these are written. */
const MAX_WAITING = 3;
const DRAIN_MS = 250;

export interface QueueEvents {
  readonly write: (batch: RecordBatch) => Promise<boolean>;
  /** The batch and its offset are committed. */
  readonly onWritten: (batch: RecordBatch) => void;
  /** Another consumer had moved the partition on: nothing was written. */
  readonly onRefused: (batch: RecordBatch) => void;
  readonly onFailed: (error: unknown) => void;
}

/** Writes batches to the sink: those of one partition one after the other, different partitions at once. */
export class WriteQueue {
  readonly #events: QueueEvents;
  readonly #queues = new Map<number, RecordBatch[]>();
  readonly #inFlight = new Map<number, Promise<void>>();
  readonly #wake: (() => void)[] = [];
  #hasFailed = false;

  constructor(events: QueueEvents) {
    this.#events = events;
  }

  get hasRoom(): boolean {
    return [...this.#queues.values()].reduce((sum, queue) => sum + queue.length, 0) < MAX_WAITING;
  }

  get isIdle(): boolean {
    return this.#queues.size === 0 && this.#inFlight.size === 0;
  }

  add(batch: RecordBatch): void {
    this.#queues.set(batch.partition, [...(this.#queues.get(batch.partition) ?? []), batch]);
    this.#pump();
  }

  /** Drops what waits for these partitions, or for all, and returns the records dropped. A write goes on. */
  forget(partitions: Iterable<number> = [...this.#queues.keys()]): number {
    let dropped = 0;
    for (const partition of partitions) {
      for (const { records } of this.#queues.get(partition) ?? []) {
        dropped += records.length;
      }
      this.#queues.delete(partition);
    }
    return dropped;
  }

  /** Resolves when a write has ended, or after `ms`. */
  async change(ms: number): Promise<void> {
    await settledWithin(ms, new Promise<void>((resolve) => this.#wake.push(resolve)));
  }

  /** Resolves when no write of these partitions, or of any, is under way. */
  async idle(partitions: Iterable<number> = [...this.#inFlight.keys()]): Promise<void> {
    for (const partition of partitions) {
      await this.#inFlight.get(partition);
    }
  }

  /** Resolves when everything is written that was added, or a write has failed. */
  async drained(): Promise<void> {
    while (!this.isIdle && !this.#hasFailed) {
      await this.change(DRAIN_MS);
    }
  }

  #pump(): void {
    for (const [partition, queue] of [...this.#queues]) {
      if (this.#inFlight.size >= AT_ONCE || this.#hasFailed) {
        return;
      }
      const [batch, ...rest] = queue;
      if (batch === undefined || this.#inFlight.has(partition)) {
        continue;
      }
      // To the end of the line: every partition has its turn.
      this.#queues.delete(partition);
      if (rest.length > 0) {
        this.#queues.set(partition, rest);
      }
      this.#inFlight.set(partition, this.#write(batch));
    }
  }

  async #write(batch: RecordBatch): Promise<void> {
    const { write, onWritten, onRefused, onFailed } = this.#events;
    const report = await write(batch).then(
      (isWritten) => () => (isWritten ? onWritten : onRefused)(batch),
      (error: unknown) => {
        this.#hasFailed = true;
        return () => onFailed(error);
      },
    );
    this.#inFlight.delete(batch.partition);
    report();
    this.#pump();
    for (const wake of this.#wake.splice(0)) {
      wake();
    }
  }
}
