import { MedallionError } from '../../errors.ts';
import type { Sink, StoredOffset, TopicPartition } from '../log.ts';
import type { PartitionRange } from './topic.ts';

/**
 * Where to read a partition from: the stored offset, if the log still is the one it was stored for.
 * Records that expired unread are booked as a gap and passed.
 * @returns undefined when another consumer moved the partition meanwhile: ask again with what is stored now
 * @throws MedallionError source_changed, when the stored offset belongs to another log and `reset` is not asked for
 */
export async function startingOffset(
  at: TopicPartition,
  stored: StoredOffset | undefined,
  range: PartitionRange,
  source: string,
  sink: Sink,
  reset: boolean,
): Promise<bigint | undefined> {
  if (stored === undefined) {
    return range.low;
  }
  const partition = `partition ${at.partition} of topic "${at.topic}"`;
  const mismatch =
    stored.source !== source
      ? `was read from another log before (${stored.source}; this one is ${source})`
      : stored.nextOffset > range.high
        ? `ends at offset ${range.high}, but was read up to ${stored.nextOffset}: the topic was recreated`
        : undefined;
  if (mismatch !== undefined) {
    if (!reset) {
      throw new MedallionError('source_changed', `${partition} ${mismatch}`, {
        hint:
          'Nothing was read. --reset-offsets forgets the stored offsets that do not fit and reads the topic from its ' +
          'beginning; another topic name keeps the two apart.',
      });
    }
    const isReset = await sink.resetOffset({
      ...at,
      nextOffset: range.low,
      source,
      position: null,
    });
    if (isReset) {
      sink.warn(`${partition} ${mismatch}: reading it from its beginning, offset ${range.low}`);
    }
    return isReset ? range.low : undefined;
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
