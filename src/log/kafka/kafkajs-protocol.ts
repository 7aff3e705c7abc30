import { createRequire } from 'node:module';
import type { CoordinatorMetadata } from 'kafkajs';

/**
 * Parts of kafkajs 2.2.4, the last release, that its public interface does not show: how requests are written and
 * answers read. What is corrected there is corrected for this process.
 */

export interface ProtocolCall<Answer> {
  readonly request: object;
  readonly response: {
    readonly decode: (raw: Buffer) => Promise<Answer>;
    readonly parse: (decoded: Answer) => Promise<Answer>;
  };
}

export interface RequestDefinition<Options, Answer> {
  /** The versions that kafkajs writes; the broker's best one among them is used. */
  versions: readonly string[];
  protocol: (chosen: { readonly version: number }) => (options: Options) => ProtocolCall<Answer>;
}

/** Reads what a broker sent, from where it stands on. */
export interface ProtocolDecoder {
  readBoolean(): boolean;
  readInt16(): number;
  readInt32(): number;
  readBytes(length: number): Buffer;
  /** Text or array with a length of varying size, of the newer versions of requests. */
  readUVarIntString(): string | null;
  readUVarIntArray<T>(read: (decoder: ProtocolDecoder) => T): T[] | null;
  readTaggedFields(): unknown;
}

interface ProtocolEncoder {
  writeBuffer(bytes: Buffer): ProtocolEncoder;
}

const load = createRequire(import.meta.url);

export const Decoder = load('kafkajs/src/protocol/decoder.js') as new (
  bytes: Buffer,
) => ProtocolDecoder;

export const Encoder = load('kafkajs/src/protocol/encoder.js') as new () => ProtocolEncoder;

/** The definition of a request, by kafkajs's name for it. */
export function requestDefinition<Options, Answer>(
  name: string,
): RequestDefinition<Options, Answer> {
  const { requests } = load('kafkajs/src/protocol/requests/index.js') as {
    requests: Record<string, RequestDefinition<Options, Answer>>;
  };
  const definition = requests[name];
  if (definition === undefined) {
    throw new Error(`kafkajs knows no request ${name}`);
  }
  return definition;
}

/** What brokers tell about topics. */
export interface Metadata {
  readonly topicMetadata: readonly { readonly partitionMetadata: readonly PartitionMetadata[] }[];
}

export interface PartitionMetadata {
  readonly partitionId: number;
  /** Of the topic, as Kafka's own tools print it; absent where the broker knows none. */
  readonly topicId?: string;
}

interface Broker {
  metadata(topics: readonly string[]): Promise<Metadata>;
  findGroupCoordinator(group: GroupQuery): Promise<CoordinatorMetadata>;
}

export interface GroupQuery {
  readonly groupId: string;
  readonly coordinatorType?: number;
}

interface Cluster {
  readonly brokerPool: { findConnectedBroker(): Promise<Broker> };
  metadata: (
    this: Cluster,
    options?: { readonly topics?: readonly string[] },
  ) => Promise<Metadata | null>;
  findGroupCoordinatorMetadata: (this: Cluster, group: GroupQuery) => Promise<CoordinatorMetadata>;
}

/** What one broker tells of a topic. kafkajs's own way of asking forgets the topics that the client itself reads. */
export async function topicMetadata(cluster: object, topic: string): Promise<Metadata> {
  const broker = await (cluster as Cluster).brokerPool.findConnectedBroker();
  return broker.metadata([topic]);
}

/** The way in which every client of this process asks its brokers. */
export function clusterPrototype(): Cluster {
  const { prototype } = load('kafkajs/src/cluster/index.js') as { readonly prototype: Cluster };
  return prototype;
}
