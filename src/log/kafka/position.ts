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
 * Where to read a partition from: the stored offset, if the log still is the one it was stored for.
 * Records that expired unread are booked as a gap and passed.
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
  const partition = `partition ${at.partition} of topic "${at.topic}"`;
  const mismatch = mismatchOf(stored, source, range);
  if (mismatch !== undefined) {
    if (!reset) {
      throw new MedallionError('source_changed', `${partition} ${mismatch}`, {
        hint:
          'Nothing was read. --reset-offsets forgets the stored offsets that do not fit and reads the topic from its ' +
          'beginning; another topic name keeps the two apart.',
      });
    }
    const isReset = await sink.resetOffset(placeOf(at, range.low, source));
    if (isReset) {
      sink.warn(`${partition} ${mismatch}: reading it from its beginning, offset ${range.low}`);
    }
    return isReset ? range.low : undefined;
  }
  if (
    stored.source !== source &&
    !(await sink.resetOffset(placeOf(at, stored.nextOffset, source)))
  ) {
    return undefined;
  }
  if (stored.nextOffset < range.low) {
    await sink.recordGap({ ...at, from: stored.nextOffset, to: range.low }, source);
    sink.warn(
      `${partition}: offsets ${stored.nextOffset} to ${range.low - 1n} expired before they were read`,
      'Raise retention.ms or retention.bytes of the topic, or read it more often.',
    );
    return range.low;
  }
  return stored.nextOffset;
}

/** Why the stored offset is not one of this log, as the end of a sentence; undefined when it is. */
function mismatchOf(
  { source: storedSource, nextOffset }: StoredOffset,
  source: string,
  { high }: PartitionRange,
): string | undefined {
  switch (compareSources(storedSource, source)) {
    case 'cluster':
      return `was read from another log before (${storedSource}; this one is ${source})`;
    case 'recreated':
      return `was read up to ${nextOffset} from a topic of that name that is gone: the topic was recreated`;
    case 'same':
    case 'unnamed':
      return nextOffset > high
        ? `ends at offset ${high}, but was read up to ${nextOffset}: the topic was recreated`
        : undefined;
  }
}

function placeOf(at: TopicPartition, nextOffset: bigint, source: string): StoredOffset {
  return { ...at, nextOffset, source, position: null };
}
