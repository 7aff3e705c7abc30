import { randomBytes } from 'node:crypto';
import kafkajs, { type Kafka } from 'kafkajs';
import { inject } from 'vitest';
import type { KafkaConfig } from '../../src/config.ts';
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
  const admin = (await kafkaClient()).admin();
  await admin.connect();
  try {
    await admin.createTopics({
      waitForLeaders: true,
      topics: [
        {
          topic,
          numPartitions: partitions,
          replicationFactor: 1,
          configEntries: Object.entries(settings).map(([name, value]) => ({ name, value })),
        },
      ],
    });
  } finally {
    await admin.disconnect();
  }
  return topic;
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
