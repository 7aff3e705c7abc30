import type { Admin } from 'kafkajs';
import type { KafkaConfig } from '../../config.ts';
import type { PartitionLag, ReadPlace } from '../lag.ts';
import { withAdmin } from './client.ts';
import { compareSources, WatchedTopic } from './source.ts';
import { partitionRanges, requireTopic, type PartitionRange } from './topic.ts';

/** Partitions whose first unread event is looked for; of the others the books' bound is given. */
const MOST_SEARCHED = 12;
/** A time is found to half a second, or to a hundredth of the age. */
const CLOSE_MS = 500;
const CLOSE_SHARE = 0.01;

/**
 * How far reading is behind each partition's high watermark. Offsets have holes, so the count is an upper bound; the
 * time of the first unread event is found by asking the broker which offset belongs to which time.
 * @throws MedallionError unreachable (within 15 s), denied, config when the topic is not there
 */
export async function kafkaLag(
  config: KafkaConfig & { readonly topic: string },
  places: readonly ReadPlace[],
  signal: AbortSignal,
): Promise<PartitionLag[]> {
  const { topic } = config;
  return withAdmin(config, topic, signal, async (admin) => {
    await requireTopic(admin, config, topic);
    const source = await (await WatchedTopic.of(admin, topic)).source();
    const lags = (await partitionRanges(admin, topic)).map((range) => {
      const place = places.find(({ partition }) => partition === range.partition);
      return { range, place, lag: lagOf(range, place, source) };
    });
    const behind = lags
      .filter(({ lag }) => (lag.events ?? 0) > 0)
      .sort((a, b) => (b.lag.events ?? 0) - (a.lag.events ?? 0));
    const found = new Map<number, number>();
    await Promise.all(
      behind.slice(0, MOST_SEARCHED).map(async ({ range, place }) => {
        const next = nextOf(range, place);
        const since = await timeOf(admin, topic, range.partition, next, place?.readUpTo ?? 0);
        found.set(range.partition, since);
      }),
    );
    return lags.map(({ lag, place }) =>
      (lag.events ?? 0) === 0
        ? lag
        : { ...lag, since: found.get(lag.partition) ?? place?.readUpTo ?? 0 },
    );
  });
}

/** The first offset that is still there to be read. */
function nextOf({ low }: PartitionRange, place: ReadPlace | undefined): bigint {
  return place === undefined || place.nextOffset < low ? low : place.nextOffset;
}

function lagOf(range: PartitionRange, place: ReadPlace | undefined, source: string): PartitionLag {
  const { partition, high } = range;
  const note = place === undefined ? undefined : mismatchOf(place, source, range);
  return {
    ...{ partition, end: high, since: undefined },
    events: note === undefined ? Number(high - nextOf(range, place)) : undefined,
    ...(note === undefined ? {} : { note }),
  };
}

/** Why the books' place is not one of this log; undefined when it is. */
function mismatchOf(
  place: ReadPlace,
  source: string,
  { high }: PartitionRange,
): string | undefined {
  const change = compareSources(place.source, source);
  if (change === 'cluster') {
    return 'was read from another cluster before';
  }
  return change === 'recreated' || place.nextOffset > high
    ? 'was recreated since it was read'
    : undefined;
}

/** When the log took in the record at `offset`, or the next after it; never later than that. */
async function timeOf(
  admin: Admin,
  topic: string,
  partition: number,
  offset: bigint,
  notBefore: number,
): Promise<number> {
  const isLater = async (time: number): Promise<boolean> => {
    const answers = await admin.fetchTopicOffsetsByTimestamp(topic, time);
    const answer = answers.find((candidate) => candidate.partition === partition);
    return answer !== undefined && BigInt(answer.offset) > offset;
  };
  const now = Date.now();
  let after = now + 1;
  let from = Math.min(notBefore, now);
  // A producer may have set an earlier time than what was read before.
  if (from > 0 && (await isLater(from))) {
    return from;
  }
  while (after - from > Math.max(CLOSE_MS, (now - from) * CLOSE_SHARE)) {
    const middle = Math.floor((from + after) / 2);
    if (await isLater(middle)) {
      after = middle;
    } else {
      from = middle;
    }
  }
  return from;
}
