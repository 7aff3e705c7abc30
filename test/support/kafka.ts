import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import kafkajs, { type Kafka, type Message, type Producer } from 'kafkajs';
import { inject } from 'vitest';
import type { KafkaConfig } from '../../src/config/kafka.ts';
import { openKafkaReader } from '../../src/log/kafka/reader.ts';
import type { ReadEnd, ReadOptions, Sink, ReaderSettings } from '../../src/log/log.ts';
import type { ProgressEvent, StageContext } from '../../src/progress.ts';
import { sharedBroker } from './kafka-run.ts';

/** The brokers for tests: those that TEST_KAFKA_BROKERS or KAFKA_BROKERS name, or the run's own broker. */
export async function kafkaBrokers(): Promise<string> {
  const given = process.env['TEST_KAFKA_BROKERS'] ?? process.env['KAFKA_BROKERS'] ?? '';
  return given === '' ? sharedBroker(inject('kafka')) : given;
}

/** A plain kafkajs client on the tests' brokers, silent. */
export async function kafkaClient(): Promise<Kafka> {
  return new kafkajs.Kafka({
    clientId: 'test',
    brokers: (await kafkaBrokers()).split(','),
    logLevel: kafkajs.logLevel.NOTHING,
  });
}

/** Creates a topic that no other test uses and returns its name. */
export async function uniqueTopic(
  partitions: number,
  settings: Readonly<Record<string, string>> = {},
): Promise<string> {
  const topic = `test-${randomBytes(6).toString('hex')}`;
  await createTopic(topic, partitions, settings);
  return topic;
}

/** Creates a topic and waits until the broker knows it. */
export async function createTopic(
  topic: string,
  partitions: number,
  settings: Readonly<Record<string, string>> = {},
): Promise<void> {
  const admin = (await kafkaClient()).admin();
  await admin.connect();
  try {
    await admin.createTopics({
      // kafkajs waits for leaders only once the broker knows the topic, and fails before.
      waitForLeaders: false,
      topics: [
        {
          topic,
          numPartitions: partitions,
          replicationFactor: 1,
          configEntries: Object.entries(settings).map(([name, value]) => ({ name, value })),
        },
      ],
    });
    await until(async () => {
      const known = await admin.fetchTopicMetadata({ topics: [topic] }).catch(() => undefined);
      const found = known?.topics[0]?.partitions ?? [];
      return found.length === partitions && found.every(({ leader }) => leader >= 0);
    });
  } finally {
    await admin.disconnect();
  }
}

/** Deletes the topic and creates it anew, with nothing in it. */
export async function recreateTopic(topic: string, partitions: number): Promise<void> {
  const admin = (await kafkaClient()).admin();
  await admin.connect();
  await admin.deleteTopics({ topics: [topic] });
  await until(async () => !(await admin.listTopics()).includes(topic));
  await admin.disconnect();
  await createTopic(topic, partitions);
}

/** Lets everything below `offset` of the partition expire. */
export async function expireRecords(
  topic: string,
  partition: number,
  offset: string,
): Promise<void> {
  // A client that knows the topic: kafkajs' administrator looks a topic up once.
  const admin = (await kafkaClient()).admin();
  await admin.connect();
  await admin.fetchTopicOffsets(topic);
  await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset }] });
  await admin.disconnect();
}

/** The configuration of a client of its own group. */
export async function kafkaConfig(overrides: Partial<KafkaConfig> = {}): Promise<KafkaConfig> {
  return {
    brokers: (await kafkaBrokers()).split(','),
    group: `test-${randomBytes(6).toString('hex')}`,
    clientId: 'medallion-test',
    sasl: undefined,
    tls: undefined,
    ...overrides,
  };
}

/** A producer whose retries write nothing twice: a topic's leader may be busy when the first batch comes. */
export async function kafkaProducer(): Promise<Producer> {
  const producer = (await kafkaClient()).producer({
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  return producer;
}

/** Sends messages, each once. */
export async function produce(
  topic: string,
  messages: readonly Message[],
  compression = kafkajs.CompressionTypes.None,
): Promise<void> {
  const producer = await kafkaProducer();
  try {
    await producer.send({ topic, messages: [...messages], compression });
  } finally {
    await producer.disconnect();
  }
}

/** `count` messages with values "0", "1", .. spread over `partitions` in turn. */
export function numbered(count: number, partitions: number, from = 0): Message[] {
  return Array.from({ length: count }, (_, index) => ({
    key: `key-${from + index}`,
    value: String(from + index),
    partition: index % partitions,
  }));
}

/** A stage's context that is never interrupted and remembers what was emitted. */
export function quietContext(): StageContext & { readonly events: ProgressEvent[] } {
  const events: ProgressEvent[] = [];
  return {
    signal: new AbortController().signal,
    emit: (event) => events.push(event),
    events,
  };
}

/** Reads a topic into the sink. */
export async function readTopic(
  topic: string,
  sink: Sink,
  options: Partial<ReadOptions> = {},
  config: Partial<KafkaConfig> = {},
  settings: ReaderSettings = {},
): Promise<ReadEnd> {
  const context = quietContext();
  const reader = await openKafkaReader(
    { ...(await kafkaConfig(config)), topic },
    context,
    settings,
  );
  return reader.read(sink, { signal: context.signal, follow: false, ...options });
}

/** Waits until `condition` holds. */
export async function until(condition: () => boolean | Promise<boolean>, ms = 30_000) {
  const deadline = Date.now() + ms;
  while (!(await condition())) {
    if (Date.now() > deadline) {
      throw new Error('the condition has not come true');
    }
    await delay(20);
  }
}
