import type { RecordBatch } from '../log.ts';

/** Batches landing at once. Two keep two connections of the warehouse copying; more only wait for each other. */
const LANES = 2;
/** Batches that wait beside those: the next ones are fetched and decoded while these land. */
const MAX_WAITING = 3;
const DRAIN_MS = 250;

export interface LandingEvents {
  readonly land: (batch: RecordBatch) => Promise<boolean>;
  /** The batch and its offset are committed. */
  readonly onLanded: (batch: RecordBatch) => void;
  /** Another consumer had moved the partition on: nothing was written. */
  readonly onRefused: (batch: RecordBatch) => void;
  readonly onFailed: (error: unknown) => void;
}

/** Lands batches: those of one partition one after the other, different partitions at once. */
export class Landings {
  readonly #events: LandingEvents;
  readonly #queues = new Map<number, RecordBatch[]>();
  readonly #inFlight = new Map<number, Promise<void>>();
  #wake: (() => void)[] = [];
  #hasFailed = false;

  constructor(events: LandingEvents) {
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

  /** Drops what waits for these partitions, or for all, and returns the records dropped. A landing goes on. */
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

  /** Resolves when a landing has ended, or after `ms`. */
  async change(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** Resolves when no landing of these partitions, or of any, is under way. */
  async settled(partitions: Iterable<number> = [...this.#inFlight.keys()]): Promise<void> {
    for (const partition of partitions) {
      await this.#inFlight.get(partition);
    }
  }

  /** Resolves when everything has landed that was added, or a landing has failed. */
  async drained(): Promise<void> {
    while (!this.isIdle && !this.#hasFailed) {
      await this.change(DRAIN_MS);
    }
  }

  #pump(): void {
    for (const [partition, queue] of [...this.#queues]) {
      if (this.#inFlight.size >= LANES || this.#hasFailed) {
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
      this.#inFlight.set(partition, this.#land(batch));
    }
  }

  async #land(batch: RecordBatch): Promise<void> {
    let report: () => void;
    try {
      const hasLanded = await this.#events.land(batch);
      report = () => (hasLanded ? this.#events.onLanded : this.#events.onRefused)(batch);
    } catch (error) {
      this.#hasFailed = true;
      report = () => this.#events.onFailed(error);
    }
    this.#inFlight.delete(batch.partition);
    report();
    this.#pump();
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) {
      wake();
    }
  }
}
