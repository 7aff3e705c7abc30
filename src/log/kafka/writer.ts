import kafkajs, {
  type CompressionTypes,
  type Message,
  type Producer,
  type RecordMetadata,
} from 'kafkajs';
import type { StageContext } from '../../progress.ts';
import { DEFAULT_RETRY_POLICY, type Retry } from '../../retry.ts';
import type { Compression, LogWriter, OutgoingRecord, WrittenOffsets } from '../log.ts';
import { answered, disconnect, retryAtStart, retryLater, type TopicConfig } from './client.ts';
import { KAFKAJS_TYPES } from './codecs.ts';
import { createConnection, type Connection } from './connection.ts';
import { describeTopic, kafkaError } from './errors.ts';
import { requireTopic } from './topic.ts';

/**
 * kafkajs sends all messages of a partition as one record batch, and a broker takes none above max.message.bytes
 * (1 MiB by default). Half of that is the fastest: kafkajs copies its list of messages once for each message.
 */
const MAX_BATCH_BYTES = 450_000;
/** What a record needs beside key and value, counted generously. */
const RECORD_OVERHEAD_BYTES = 32;
/** Short: kafkajs gives up a lost connection soon in any case, and the writer itself retries for longer. */
const SEND_RETRY = { initialRetryTime: 200, maxRetryTime: 2_000, multiplier: 2, factor: 0.2 };
/** Keys whose partition is remembered; customers are fewer, as a rule. */
const MAX_KNOWN_KEYS = 100_000;

/**
 * A writer to a topic: idempotent (a retry writes nothing twice), acknowledged by all in-sync replicas. The key chooses
 * the partition as Java's default partitioner does, and what is appended first is written first. Partitions that are
 * added meanwhile are left to the next writer: keys would move, and lose their order.
 * @throws MedallionError unreachable (within 15 s), denied, config when the topic is not there
 */
export async function openKafkaWriter(
  config: TopicConfig,
  context: StageContext,
  compression: Compression = 'none',
  retryPolicy = DEFAULT_RETRY_POLICY,
): Promise<LogWriter> {
  const { topic } = config;
  return retryAtStart(config, context, retryPolicy).run(async () => {
    const connection = createConnection(config);
    const admin = connection.kafka.admin();
    const producer = connection.kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
      retry: { ...SEND_RETRY, retries: 3 },
    });
    try {
      await answered(config, context.signal, admin.connect());
      const partitions = await requireTopic(admin, config, topic);
      await answered(config, context.signal, producer.connect());
      const retry = retryLater(config, context, retryPolicy);
      return new KafkaWriter({
        ...{ config, retry, connection, producer, compression: KAFKAJS_TYPES[compression] },
        partitionOf: partitionerFor(topic, partitions),
      });
    } catch (error) {
      await disconnect(producer, connection);
      throw kafkaError(error, config, topic, 'write');
    } finally {
      await admin.disconnect().catch(() => undefined);
    }
  });
}

interface Sending {
  readonly config: TopicConfig;
  readonly retry: Retry;
  readonly connection: Connection;
  readonly producer: Producer;
  readonly compression: CompressionTypes;
  readonly partitionOf: (key: string) => number;
}

class KafkaWriter implements LogWriter {
  readonly description: string;
  readonly appended = new Map<number, number>();
  readonly written = new Map<number, WrittenOffsets>();
  readonly #sending: Sending;
  /** Ends when everything appended so far is acknowledged: one request at a time keeps the order. */
  #tail: Promise<void> = Promise.resolve();

  constructor(sending: Sending) {
    this.description = describeTopic(sending.config);
    this.#sending = sending;
  }

  append(records: readonly OutgoingRecord[]): Promise<void> {
    const requests = this.#cut(records);
    const sent = this.#tail.then(async () => {
      for (const messages of requests) {
        await this.#send(messages);
      }
    });
    // A failure is the caller's; what was appended after it is refused with it.
    sent.catch(() => undefined);
    this.#tail = sent;
    return sent;
  }

  async close(): Promise<void> {
    await this.#tail.catch(() => undefined);
    await disconnect(this.#sending.producer, this.#sending.connection);
  }

  /** Cuts records into requests whose batches are small enough for every partition. */
  #cut(records: readonly OutgoingRecord[]): Message[][] {
    const requests: Message[][] = [];
    let messages: Message[] = [];
    let bytes = new Map<number, number>();
    for (const { key, value } of records) {
      const partition = this.#sending.partitionOf(key);
      const size = key.length * 3 + value.length + RECORD_OVERHEAD_BYTES;
      const total = (bytes.get(partition) ?? 0) + size;
      if (total > MAX_BATCH_BYTES && messages.length > 0) {
        requests.push(messages);
        messages = [];
        bytes = new Map();
      }
      bytes.set(partition, messages.length === 0 ? size : total);
      messages.push({ key, value, partition });
    }
    return messages.length === 0 ? requests : [...requests, messages];
  }

  /** The same messages sent again by the same producer are written once: the broker knows their sequence numbers. */
  async #send(messages: Message[]): Promise<void> {
    const { config, retry, producer, compression } = this.#sending;
    const { topic } = config;
    await retry.run(async () => {
      try {
        this.#note(messages, await producer.send({ topic, acks: -1, compression, messages }));
      } catch (error) {
        throw kafkaError(error, config, topic, 'write');
      }
    });
  }

  /** Counts what the broker has acknowledged, and where it lies. */
  #note(messages: readonly Message[], acknowledged: readonly RecordMetadata[]): void {
    const counts = new Map<number, number>();
    for (const { partition = 0 } of messages) {
      counts.set(partition, (counts.get(partition) ?? 0) + 1);
    }
    for (const [partition, count] of counts) {
      this.appended.set(partition, (this.appended.get(partition) ?? 0) + count);
      const first = acknowledged.find((answer) => answer.partition === partition)?.baseOffset;
      // A batch that the broker has had before is answered without its offset.
      if (first !== undefined && !first.startsWith('-')) {
        const from = this.written.get(partition)?.from ?? BigInt(first);
        this.written.set(partition, { from, to: BigInt(first) + BigInt(count) });
      }
    }
  }
}

/** kafkajs's Java-compatible partitioner for a topic of so many partitions; the partition of a key is remembered. */
function partitionerFor(topic: string, partitions: number): (key: string) => number {
  const partitioner = kafkajs.Partitioners.DefaultPartitioner();
  const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => ({
    partitionErrorCode: 0,
    partitionId,
    leader: 0,
    replicas: [],
    isr: [],
  }));
  const known = new Map<string, number>();
  return (key) => {
    let partition = known.get(key);
    if (partition === undefined) {
      partition = partitioner({ topic, partitionMetadata, message: { key, value: null } });
      if (known.size < MAX_KNOWN_KEYS) {
        known.set(key, partition);
      }
    }
    return partition;
  };
}
