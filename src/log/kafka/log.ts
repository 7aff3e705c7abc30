import type { Admin } from 'kafkajs';
import { counted } from '../../number.ts';
import type { StageContext } from '../../progress.ts';
import { DEFAULT_RETRY_POLICY } from '../../retry.ts';
import type { Log, PartitionLag, ReadPlace } from '../log.ts';
import { retryAtStart, withAdmin, type TopicConfig } from './client.ts';
import { describeTopic, groupOf } from './errors.ts';
import { openKafkaReader } from './reader.ts';
import {
  ensureTopic,
  inspectTopic,
  mismatchOf,
  requireTopic,
  watchTopic,
  type PartitionRange,
} from './topic.ts';

/** Partitions whose first unread event is looked for; of the others the recorded bound is given. */
const MOST_SEARCHED = 12;
/** A time is found to half a second, or to a hundredth of the age. */
const CLOSE_MS = 500;
const CLOSE_SHARE = 0.01;
const NOTES = {
  cluster: 'was read from another cluster before',
  recreated: 'was recreated since it was read',
  cut: 'was recreated since it was read',
} as const;

/** A Kafka topic as a log. kafkajs takes long to load: only who reads, writes or asks waits for it. */
export function kafkaLog(config: TopicConfig, context: StageContext): Log {
  const { topic } = config;
  return {
    name: describeTopic(config),
    topic,
    whenEmpty: undefined,
    group: (warehouse) => groupOf(config, warehouse),
    read: (settings) => openKafkaReader(config, context, settings),
    async write({ partitions, compression, retryPolicy = DEFAULT_RETRY_POLICY } = {}) {
      if (partitions !== undefined) {
        const found = await retryAtStart(config, context, retryPolicy).run(() =>
          ensureTopic(config, topic, partitions, context.signal),
        );
        if (found.partitions !== partitions) {
          const count = counted(found.partitions, 'partition');
          context.emit({
            type: 'note',
            message: `topic ${topic} already exists, with ${count}`,
          });
        }
      }
      const { openKafkaWriter } = await import('./writer.ts');
      return openKafkaWriter(config, context, compression, retryPolicy);
    },
    lag: (recorded) => kafkaLag(config, recorded, context.signal),
    async extent() {
      const { found } = await inspectTopic(config, topic, context.signal);
      return [...(found?.ranges.values() ?? [])].map(({ partition, low, high }) => ({
        ...{ partition, source: found?.source ?? '', offsets: { low, high } },
      }));
    },
  };
}

/**
 * How far reading is behind each partition's high watermark. Offsets have holes, so the count is an upper bound; the
 * time of the first unread event is found by asking the broker which offset belongs to which time.
 */
async function kafkaLag(
  config: TopicConfig,
  recorded: readonly ReadPlace[],
  signal: AbortSignal,
): Promise<PartitionLag[]> {
  const { topic } = config;
  return withAdmin(config, topic, signal, async (admin) => {
    await requireTopic(admin, config, topic);
    const { source, ranges } = await (await watchTopic(admin, topic)).find();
    const lags = [...ranges.values()].map((range) => {
      const { partition, high: end } = range;
      const place = recorded.find((candidate) => candidate.partition === partition);
      const mismatch = place && mismatchOf(place, source, end);
      const events = mismatch === undefined ? Number(end - nextOf(range, place)) : undefined;
      const note = mismatch === undefined ? {} : { note: NOTES[mismatch] };
      return { range, place, lag: { partition, end, events, since: undefined, ...note } };
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
