import { setTimeout as delay } from 'node:timers/promises';
import { MedallionError } from '../../errors.ts';
import type { Sink, StoredOffset, TopicPartition } from '../log.ts';
import type { Assignment } from './assignments.ts';
import { mismatchOf, type FoundTopic, type PartitionRange } from './topic.ts';

export interface LocatorSettings {
  readonly topic: string;
  readonly sink: Sink;
  /** Take the topic as it now is where a stored offset does not fit it. */
  readonly reset: boolean;
  /** Looks at the topic; undefined when that failed, and ended the session. */
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
   * Locates the assignments, each as long as `isWanted` says so, and asks again for one that another consumer just moved.
   * @throws MedallionError source_changed, and whatever the sink throws
   */
  async locate(
    assignments: readonly Assignment[],
    isWanted: (assignment: Assignment) => boolean,
    onLocated: (assignment: Assignment) => void,
  ): Promise<void> {
    for (let open = assignments.filter(isWanted); open.length > 0; open = open.filter(isWanted)) {
      const again: Assignment[] = [];
      // Before the look, so that nobody has read further than what it finds.
      const stored = await this.storedOffsets(open.map(({ partition }) => partition));
      const found = await this.#settings.look();
      if (found !== undefined && !this.#settings.reset) {
        await this.#requireSameLog(found, stored, open);
      }
      for (const assignment of open.filter(isWanted)) {
        const { partition } = assignment;
        const range = found?.ranges.get(partition);
        const position =
          found && range && (await this.#startOf(range, found.source, stored.get(partition)));
        if (found === undefined || position === undefined) {
          again.push(assignment);
        } else if (isWanted(assignment)) {
          const { source } = found;
          Object.assign(assignment, { isLocated: true, source, position });
          onLocated(assignment);
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

  /** Of a partition that was never read the others show whether the topic is the one that was read before. */
  async #requireSameLog(
    { source, ranges }: FoundTopic,
    stored: ReadonlyMap<number, StoredOffset>,
    assignments: readonly Assignment[],
  ): Promise<void> {
    requireSameLog(stored.values(), source);
    if (assignments.some(({ partition }) => !stored.has(partition))) {
      const others = [...ranges.keys()].filter((partition) => !stored.has(partition));
      requireSameLog((await this.storedOffsets(others)).values(), source);
    }
  }

  /**
   * Where to read a partition from: the stored offset, if the log still is the one it was stored for, else the beginning
   * with `reset`. Records that expired unread are recorded as a gap and passed.
   * @returns undefined when another consumer moved the partition meanwhile: ask again with what is stored now
   * @throws MedallionError source_changed, when the stored offset belongs to another log and `reset` is not asked for
   */
  async #startOf(
    range: PartitionRange,
    source: string,
    stored: StoredOffset | undefined,
  ): Promise<bigint | undefined> {
    const { topic, sink, reset } = this.#settings;
    const { partition, low } = range;
    const at = { topic, partition };
    if (stored === undefined) {
      return low;
    }
    const moveTo = (nextOffset: bigint): Promise<boolean> =>
      sink.resetOffset(stored, { ...at, nextOffset, source, position: null });
    const mismatch = describeMismatch(stored, source, range.high);
    if (mismatch !== undefined) {
      if (!reset) {
        throw sourceChanged(at, mismatch);
      }
      if (!(await moveTo(low))) {
        return undefined;
      }
      sink.warn(`${nameOf(at)} ${mismatch}: reading it from its beginning, offset ${low}`);
      return low;
    }
    if (stored.source !== source && !(await moveTo(stored.nextOffset))) {
      return undefined;
    }
    if (stored.nextOffset < low) {
      await sink.recordGap({ ...at, from: stored.nextOffset, to: low }, source);
      sink.warn(
        `${nameOf(at)}: offsets ${stored.nextOffset} to ${low - 1n} expired before they were read`,
        'Raise retention.ms or retention.bytes of the topic, or read it more often.',
      );
      return low;
    }
    return stored.nextOffset;
  }
}

/**
 * Rejects a log when offsets of another one are stored under its name. One partition's will do: the others, also those
 * that were never read, are of the same log.
 * @throws MedallionError source_changed
 */
export function requireSameLog(stored: Iterable<StoredOffset>, source: string): void {
  for (const offset of stored) {
    const mismatch = describeMismatch(offset, source);
    if (mismatch !== undefined) {
      throw sourceChanged(offset, mismatch);
    }
  }
}

/** Why the stored offset is not one of this log, as the end of a sentence; undefined when it is. */
function describeMismatch(stored: StoredOffset, source: string, high?: bigint): string | undefined {
  switch (mismatchOf(stored, source, high)) {
    case 'cluster':
      return `was read from another log before (${stored.source}; this one is ${source})`;
    case 'recreated':
      return `was read up to ${stored.nextOffset} from an older topic of that name: the topic was recreated`;
    case 'cut':
      return `ends at offset ${high ?? 0n}, but was read up to ${stored.nextOffset}: the topic was recreated`;
    case undefined:
      return undefined;
  }
}

function sourceChanged(at: TopicPartition, mismatch: string): MedallionError {
  return new MedallionError('source_changed', `${nameOf(at)} ${mismatch}`, {
    hint:
      'None of it was read. To forget the stored offsets that do not fit and read the topic from its beginning, use ' +
      '--reset-offsets. To keep the two apart, use another topic name.',
  });
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `partition ${partition} of topic "${topic}"`;
}
