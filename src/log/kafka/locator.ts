import { setTimeout as delay } from 'node:timers/promises';
import type { Sink, StoredOffset } from '../log.ts';
import type { Claim } from './claims.ts';
import { requireSameLog, startingOffset } from './position.ts';
import type { PartitionRange } from './topic.ts';

/** A topic as it was found just now. */
export interface FoundTopic {
  /** Names the log: see `sourceName`. */
  readonly source: string;
  readonly ranges: ReadonlyMap<number, PartitionRange>;
}

export interface LocatorSettings {
  readonly topic: string;
  readonly sink: Sink;
  /** Take the topic as it now is where a stored offset does not fit it. */
  readonly reset: boolean;
  /** Looks at the topic; undefined when that failed, which the session has been told. */
  readonly look: () => Promise<FoundTopic | undefined>;
}

/** Before another consumer, or the brokers, are asked about the same partition again. */
const AGAIN_MS = 100;

/** Finds out where partitions are to be read from: what the sink stored, measured against what the topic holds. */
export class Locator {
  readonly #settings: LocatorSettings;

  constructor(settings: LocatorSettings) {
    this.#settings = settings;
  }

  /**
   * Locates the claims, each as long as `isWanted` says so, and asks again for one that another consumer just moved.
   * @throws MedallionError source_changed, and whatever the sink throws
   */
  async locate(
    claims: readonly Claim[],
    isWanted: (claim: Claim) => boolean,
    onLocated: (claim: Claim) => void,
  ): Promise<void> {
    for (let open = claims.filter(isWanted); open.length > 0; open = open.filter(isWanted)) {
      const again: Claim[] = [];
      // Before the look, so that nobody has read further than what it finds.
      const stored = await this.storedOffsets(open.map(({ partition }) => partition));
      const found = await this.#settings.look();
      if (found !== undefined && !this.#settings.reset) {
        await this.#requireSameLog(found, stored, open);
      }
      for (const claim of open.filter(isWanted)) {
        const position = await this.#positionOf(claim, found, stored);
        if (found === undefined || position === undefined) {
          again.push(claim);
        } else if (isWanted(claim)) {
          Object.assign(claim, {
            isLocated: true,
            source: found.source,
            position,
            booked: position,
          });
          onLocated(claim);
        }
      }
      open = again;
      if (open.length > 0) {
        await delay(AGAIN_MS);
      }
    }
  }

  /** What the sink stored for these partitions, by number. */
  async storedOffsets(partitions: readonly number[]): Promise<Map<number, StoredOffset>> {
    const { sink, topic } = this.#settings;
    const stored = await sink.storedOffsets(partitions.map((partition) => ({ topic, partition })));
    return new Map(stored.map((offset) => [offset.partition, offset]));
  }

  /** Of a partition that was never read the others tell whether the topic is the one that was read before. */
  async #requireSameLog(
    { source, ranges }: FoundTopic,
    stored: ReadonlyMap<number, StoredOffset>,
    claims: readonly Claim[],
  ): Promise<void> {
    requireSameLog(stored.values(), source);
    if (claims.some(({ partition }) => !stored.has(partition))) {
      const others = [...ranges.keys()].filter((partition) => !stored.has(partition));
      requireSameLog((await this.storedOffsets(others)).values(), source);
    }
  }

  async #positionOf(
    { partition }: Claim,
    found: FoundTopic | undefined,
    stored: ReadonlyMap<number, StoredOffset>,
  ): Promise<bigint | undefined> {
    const { topic, sink, reset } = this.#settings;
    const range = found?.ranges.get(partition);
    if (found === undefined || range === undefined) {
      return undefined;
    }
    const { source } = found;
    return startingOffset(
      { topic, partition },
      stored.get(partition),
      { source, range },
      sink,
      reset,
    );
  }
}
