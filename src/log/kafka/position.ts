import { MedallionError } from '../../errors.ts';
import type { Sink, StoredOffset, TopicPartition } from '../log.ts';
import { compareSources } from './source.ts';
import type { PartitionRange } from './topic.ts';

/** A partition as it is found: the log it belongs to, and what it holds. */
export interface FoundPartition {
  readonly source: string;
  readonly range: PartitionRange;
}

/**
 * Refuses a log when the books hold offsets of another one under its name. One partition's will do: the others, also
 * those that were never read, are of the same log.
 * @throws MedallionError source_changed
 */
export function requireSameLog(stored: Iterable<StoredOffset>, source: string): void {
  for (const offset of stored) {
    const change = changeOf(offset, source);
    if (change !== undefined) {
      throw sourceChanged(offset, change);
    }
  }
}

/**
 * Where to read a partition from: the stored offset, if the log still is the one it was stored for, else the beginning
 * with `reset`. Records that expired unread are booked as a gap and passed.
 * @returns undefined when another consumer moved the partition meanwhile: ask again with what is stored now
 * @throws MedallionError source_changed, when the stored offset belongs to another log and `reset` is not asked for
 */
export async function startingOffset(
  at: TopicPartition,
  stored: StoredOffset | undefined,
  { source, range }: FoundPartition,
  sink: Sink,
  reset: boolean,
): Promise<bigint | undefined> {
  if (stored === undefined) {
    return range.low;
  }
  const mismatch = mismatchOf(stored, source, range);
  if (mismatch !== undefined) {
    if (!reset) {
      throw sourceChanged(at, mismatch);
    }
    const isReset = await sink.resetOffset(stored, placeOf(at, range.low, source));
    if (isReset) {
      sink.warn(`${nameOf(at)} ${mismatch}: reading it from its beginning, offset ${range.low}`);
    }
    return isReset ? range.low : undefined;
  }
  if (
    stored.source !== source &&
    !(await sink.resetOffset(stored, placeOf(at, stored.nextOffset, source)))
  ) {
    return undefined;
  }
  if (stored.nextOffset < range.low) {
    await sink.recordGap({ ...at, from: stored.nextOffset, to: range.low }, source);
    sink.warn(
      `${nameOf(at)}: offsets ${stored.nextOffset} to ${range.low - 1n} expired before they were read`,
      'Raise retention.ms or retention.bytes of the topic, or read it more often.',
    );
    return range.low;
  }
  return stored.nextOffset;
}

/** Why the stored offset is not one of this log, as the end of a sentence; undefined when it is. */
function mismatchOf(
  stored: StoredOffset,
  source: string,
  { high }: PartitionRange,
): string | undefined {
  const { nextOffset } = stored;
  return (
    changeOf(stored, source) ??
    (nextOffset > high
      ? `ends at offset ${high}, but was read up to ${nextOffset}: the topic was recreated`
      : undefined)
  );
}

/** The same, as far as the two names tell. */
function changeOf(
  { source: storedSource, nextOffset }: StoredOffset,
  source: string,
): string | undefined {
  switch (compareSources(storedSource, source)) {
    case 'cluster':
      return `was read from another log before (${storedSource}; this one is ${source})`;
    case 'recreated':
      return `was read up to ${nextOffset} from a topic of that name that is gone: the topic was recreated`;
    case 'same':
    case 'unnamed':
      return undefined;
  }
}

function sourceChanged(at: TopicPartition, mismatch: string): MedallionError {
  return new MedallionError('source_changed', `${nameOf(at)} ${mismatch}`, {
    hint:
      'Nothing of it was read. --reset-offsets forgets the stored offsets that do not fit and reads the topic from its ' +
      'beginning; another topic name keeps the two apart.',
  });
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `partition ${partition} of topic "${topic}"`;
}

function placeOf(at: TopicPartition, nextOffset: bigint, source: string): StoredOffset {
  return { ...at, nextOffset, source, position: null };
}
