import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin } from 'kafkajs';
import type { KafkaConfig } from '../../config.ts';
import { withAdmin } from './client.ts';
import { missingTopic, protocolErrorOf } from './errors.ts';
import type { PartitionMetadata } from './kafkajs-protocol.ts';

/** What a partition holds: from `low` up to, not including, `high`. Records of open transactions lie above `high`. */
export interface PartitionRange {
  readonly partition: number;
  readonly low: bigint;
  readonly high: bigint;
}

export interface TopicState {
  readonly clusterId: string;
  readonly brokers: readonly string[];
  /** undefined: the topic is not there. */
  readonly partitions: readonly PartitionRange[] | undefined;
}

const NEVER = new AbortController().signal;
/** A broker may take a moment to know the topic that it has just created. */
const NEW_TOPIC_WAIT_MS = 15_000;
const NEW_TOPIC_POLL_MS = 50;

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
  const create = async (admin: Admin): Promise<{ created: boolean; partitions: number }> => {
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
 * What is known about the brokers and the topic, for a check of the set-up.
 * @throws MedallionError unreachable, denied
 */
export async function inspectTopic(
  config: KafkaConfig,
  topic: string,
  signal: AbortSignal = NEVER,
): Promise<TopicState> {
  return withAdmin(config, topic, signal, async (admin) => {
    const { clusterId, brokers } = await admin.describeCluster();
    const count = await partitionCount(admin, topic);
    return {
      clusterId,
      brokers: brokers.map(({ host, port }) => `${host}:${port}`),
      partitions: count === undefined ? undefined : await partitionRanges(admin, topic),
    };
  });
}

/** The ranges of all partitions as they are now, by number. */
export async function partitionRanges(admin: Admin, topic: string): Promise<PartitionRange[]> {
  const offsets = await admin.fetchTopicOffsets(topic);
  return offsets
    .map(({ partition, low, high }) => ({ partition, low: BigInt(low), high: BigInt(high) }))
    .sort((a, b) => a.partition - b.partition);
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
