import type { StoredOffset } from '../log.ts';
import type { PartitionRange } from './topic.ts';

/** A reader without a partition, in a group where nothing moves, leaves after this long. */
const STANDSTILL_MS = 60_000;

/** Judges for a reader that got no partition whether the others of its group have finished, or stand still. */
export class Bystander {
  #state = '';
  #since = Date.now();

  see(
    ends: ReadonlyMap<number, bigint>,
    ranges: ReadonlyMap<number, PartitionRange>,
    stored: ReadonlyMap<number, StoredOffset>,
  ): boolean {
    const isDone = [...ends].every(
      ([partition, end]) =>
        (stored.get(partition)?.nextOffset ?? ranges.get(partition)?.low ?? end) >= end,
    );
    const state = [...stored.values()].map(({ nextOffset }) => nextOffset).join();
    if (state !== this.#state) {
      this.#state = state;
      this.#since = Date.now();
    }
    return isDone || Date.now() - this.#since > STANDSTILL_MS;
  }
}
