import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin } from 'kafkajs';
import type { KafkaConfig } from '../../config/kafka.ts';
import { withAdmin } from './client.ts';
import { missingTopic, protocolErrorOf } from './errors.ts';
import type { PartitionMetadata } from './kafkajs-protocol.ts';

/** What a partition holds: from `low` up to, not including, `high`. Records of open transactions lie above `high`. */
export interface PartitionRange {
  readonly partition: number;
  readonly low: bigint;
  readonly high: bigint;
}

/** A topic as it was found just now. */
export interface FoundTopic {
  /**
   * Names the log behind the topic: "kafka:<cluster id>/<topic id>", or "kafka:<cluster id>" where the brokers know no
   * topic ids. Offsets hold for this log only; a topic that is deleted and created again is another one.
   */
  readonly source: string;
  readonly ranges: ReadonlyMap<number, PartitionRange>;
}

export interface TopicState {
  readonly clusterId: string;
  readonly brokers: readonly string[];
  /** undefined: the topic is not there. */
  readonly found: FoundTopic | undefined;
}

/**
 * How a place was recorded for another log than the one that is there now: of another cluster, of a topic that is gone,
 * or beyond this log's end.
 */
type Mismatch = 'cluster' | 'recreated' | 'cut';

const NEVER = new AbortController().signal;
/** A broker may take a moment to know the topic that it has just created. */
const NEW_TOPIC_WAIT_MS = 15_000;
const NEW_TOPIC_POLL_MS = 50;

/**
 * Whether a recorded place is one of this log. Two names of the same cluster of which one names no topic say nothing.
 * @param high the partition's end; without one the names alone are compared
 */
export function mismatchOf(
  recorded: { readonly source: string; readonly nextOffset: bigint },
  source: string,
  high = recorded.nextOffset,
): Mismatch | undefined {
  const [recordedCluster, recordedTopic] = recorded.source.split('/');
  const [cluster, topic] = source.split('/');
  if (recordedCluster !== cluster) {
    return 'cluster';
  }
  if (recordedTopic !== undefined && topic !== undefined && recordedTopic !== topic) {
    return 'recreated';
  }
  return recorded.nextOffset > high ? 'cut' : undefined;
}

/** A topic as its reader looks at it again and again. */
export interface WatchedTopic {
  /** The log that the name stands for at this moment. */
  source(): Promise<string>;
  find(): Promise<FoundTopic>;
}

/** A topic of the brokers that `admin` is connected to. */
export async function watchTopic(admin: Admin, topic: string): Promise<WatchedTopic> {
  const { clusterId } = await admin.describeCluster();
  const source = async (): Promise<string> => {
    const topicId = await topicIdOf(admin, topic);
    return `kafka:${clusterId}${topicId === undefined ? '' : `/${topicId}`}`;
  };
  return {
    source,
    async find() {
      const name = await source();
      const offsets = await admin.fetchTopicOffsets(topic);
      const ranges = offsets
        .map(({ partition, low, high }) => ({ partition, low: BigInt(low), high: BigInt(high) }))
        .sort((a, b) => a.partition - b.partition);
      return { source: name, ranges: new Map(ranges.map((range) => [range.partition, range])) };
    },
  };
}

/**
 * Creates the topic unless it is there. A topic that is there stays as it is.
 * @returns how many partitions it has, and whether this call created it
 * @throws MedallionError unreachable, denied, config
 */
export async function ensureTopic(
  config: KafkaConfig,
  topic: string,
  partitions: number,
  signal: AbortSignal = NEVER,
): Promise<{ created: boolean; partitions: number }> {
  const create = async (admin: Admin) => {
    const created =
      (await partitionCount(admin, topic)) === undefined &&
      // -1: as many replicas as the cluster holds right for a new topic.
      (await admin.createTopics({
        // kafkajs waits for leaders only where the broker knows the topic already, and fails where it does not yet.
        waitForLeaders: false,
        topics: [{ topic, numPartitions: partitions, replicationFactor: -1 }],
      }));
    for (let waited = 0; ; waited += NEW_TOPIC_POLL_MS) {
      const count = await partitionCount(admin, topic);
      if (count !== undefined) {
        return { created, partitions: count };
      }
      // Also where somebody else made it a moment ago, which may be this request, sent again.
      if (waited >= NEW_TOPIC_WAIT_MS) {
        throw missingTopic(topic, config);
      }
      await sleep(NEW_TOPIC_POLL_MS);
    }
  };
  return withAdmin(config, topic, signal, create, 'create');
}

/**
 * What is known about the brokers and the topic.
 * @throws MedallionError unreachable, denied
 */
export async function inspectTopic(
  config: KafkaConfig,
  topic: string,
  signal: AbortSignal = NEVER,
): Promise<TopicState> {
  return withAdmin(config, topic, signal, async (admin) => {
    const { clusterId, brokers } = await admin.describeCluster();
    const isThere = (await partitionCount(admin, topic)) !== undefined;
    return {
      clusterId,
      brokers: brokers.map(({ host, port }) => `${host}:${port}`),
      found: isThere ? await (await watchTopic(admin, topic)).find() : undefined,
    };
  });
}

/** How many partitions the topic has; undefined when it is not there. */
export async function partitionCount(admin: Admin, topic: string): Promise<number | undefined> {
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    return topics[0]?.partitions.length;
  } catch (error) {
    if (protocolErrorOf(error) === 'UNKNOWN_TOPIC_OR_PARTITION') {
      return undefined;
    }
    throw error;
  }
}

/**
 * The id of the topic as it now is; undefined where the brokers know no such ids (before Kafka 2.8).
 * @throws KafkaJSProtocolError when the topic is not there
 */
export async function topicIdOf(admin: Admin, topic: string): Promise<string | undefined> {
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  const partition: PartitionMetadata | undefined = topics[0]?.partitions[0];
  return partition?.topicId;
}

/** @throws MedallionError config, when the topic is not there */
export async function requireTopic(
  admin: Admin,
  config: KafkaConfig,
  topic: string,
): Promise<number> {
  const count = await partitionCount(admin, topic);
  if (count === undefined || count === 0) {
    throw missingTopic(topic, config);
  }
  return count;
}
