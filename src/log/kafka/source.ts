import type { Admin } from 'kafkajs';
import type { KafkaConfig } from '../../config.ts';
import { withAdmin } from './client.ts';
import { partitionCount, partitionRanges, topicIdOf, type PartitionRange } from './topic.ts';

/**
 * Names the log behind a topic in the books: "kafka:<cluster id>/<topic id>", or "kafka:<cluster id>" where the brokers
 * know no topic ids. Offsets hold for this log only; a topic that is deleted and created again is another one.
 */
function sourceName(clusterId: string, topicId: string | undefined): string {
  return topicId === undefined ? `kafka:${clusterId}` : `kafka:${clusterId}/${topicId}`;
}

/** How the log that offsets were stored for differs from the one that is there now. */
export type SourceChange =
  | 'same'
  /** One of the two names no topic: it is the same cluster, and nothing else can be said. */
  | 'unnamed'
  | 'recreated'
  | 'cluster';

/** Compares two names of `sourceName`. */
export function compareSources(stored: string, current: string): SourceChange {
  if (stored === current) {
    return 'same';
  }
  const [storedCluster, storedTopic] = stored.split('/');
  const [cluster, topic] = current.split('/');
  if (storedCluster !== cluster) {
    return 'cluster';
  }
  return storedTopic === undefined || topic === undefined ? 'unnamed' : 'recreated';
}

/** A topic as its reader looks at it again and again. */
export class WatchedTopic {
  readonly #admin: Admin;
  readonly #topic: string;
  readonly #clusterId: string;

  private constructor(admin: Admin, topic: string, clusterId: string) {
    this.#admin = admin;
    this.#topic = topic;
    this.#clusterId = clusterId;
  }

  /** A topic of the brokers that `admin` is connected to. */
  static async of(admin: Admin, topic: string): Promise<WatchedTopic> {
    const { clusterId } = await admin.describeCluster();
    return new WatchedTopic(admin, topic, clusterId);
  }

  /** The log that the name stands for at this moment. */
  async source(): Promise<string> {
    return sourceName(this.#clusterId, await topicIdOf(this.#admin, this.#topic));
  }

  async ranges(): Promise<ReadonlyMap<number, PartitionRange>> {
    const ranges = await partitionRanges(this.#admin, this.#topic);
    return new Map(ranges.map((range) => [range.partition, range]));
  }
}

/**
 * The log that a topic stands for now, and what it holds; undefined when the topic is not there.
 * @throws MedallionError unreachable, denied
 */
export async function findTopicLog(
  config: KafkaConfig,
  topic: string,
  signal: AbortSignal,
): Promise<{ source: string; ranges: ReadonlyMap<number, PartitionRange> } | undefined> {
  return withAdmin(config, topic, signal, async (admin) => {
    if ((await partitionCount(admin, topic)) === undefined) {
      return undefined;
    }
    const watched = await WatchedTopic.of(admin, topic);
    return { source: await watched.source(), ranges: await watched.ranges() };
  });
}
