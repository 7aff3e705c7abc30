import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openKafkaReader } from '../../src/log/kafka/reader.ts';
import { spawnCli, type CliProcess } from '../support/cli.ts';
import { ingestAll, rowsOf, testContext } from '../support/ingest.ts';
import { kafkaBrokers, kafkaProducer, kafkaConfig, uniqueTopic } from '../support/kafka.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';

const PARTITIONS = 4;

let database: TestDatabase;
let folder: string;
let topic: string;

beforeEach(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(path.join(tmpdir(), 'medallion-kafka-ingest-'));
  topic = await uniqueTopic(PARTITIONS);
});

afterEach(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

/** Sends messages from..to (exclusive) round the partitions; each value names its number. */
async function produce(from: number, to: number): Promise<void> {
  const producer = await kafkaProducer();
  for (let next = from; next < to; next += 1000) {
    await producer.send({
      topic,
      messages: Array.from({ length: Math.min(1000, to - next) }, (_, index) => ({
        partition: (next + index) % PARTITIONS,
        key: `cust_${(next + index) % 10}`,
        value: `{"n":${next + index},"fill":"${'é'.repeat(200)}"}`,
      })),
    });
  }
  await producer.disconnect();
}

const rows = (sql: string) => rowsOf(database.settings, sql);

/** Every message is in bronze once, at the offset that Kafka gave it. */
async function expectExactly(count: number): Promise<void> {
  const perPartition = count / PARTITIONS;
  expect(
    await rows(
      `select partition, count(*), min("offset"), max("offset"), count(distinct value::json ->> 'n')
         from bronze.events where topic = '${topic}' group by 1 order by 1`,
    ),
  ).toEqual(
    Array.from(
      { length: PARTITIONS },
      (_, partition) => `${partition}|${perPartition}|0|${perPartition - 1}|${perPartition}`,
    ),
  );
  expect(
    await rows(
      `select count(*) from bronze.events
        where value <> '{"n":' || ("offset" * ${PARTITIONS} + partition) || ',"fill":"' || repeat('é', 200) || '"}'`,
    ),
  ).toEqual(['0']);
}

async function spawnIngest(...args: string[]): Promise<CliProcess> {
  const env = { DATABASE_URL: database.url, KAFKA_BROKERS: await kafkaBrokers() };
  const flags = ['--topic', topic, '--group', `group-${topic}`];
  return spawnCli(['ingest', ...flags, ...args], { cwd: folder, env, timeoutMs: 100_000 });
}

const landed = async (): Promise<number> =>
  Number((await rows('select count(*) from bronze.events'))[0]);

describe('ingest from Kafka', () => {
  test('lands every message once, its coordinates those of Kafka, and refuses a tombstone alone', async () => {
    await produce(0, 4000);
    const producer = await kafkaProducer();
    await producer.send({ topic, messages: [{ partition: 2, key: 'gone', value: null }] });
    await producer.disconnect();
    const config = { ...(await kafkaConfig()), topic };
    const context = testContext();
    const result = await ingestAll(
      await openKafkaReader(config, context),
      database.settings,
      {},
      context,
    );
    expect(result).toMatchObject({ end: 'end', events: 4000, quarantined: { empty_value: 1 } });
    await expectExactly(4000);
    expect(await rows('select partition, "offset", reason, raw from bronze.quarantine')).toEqual([
      '2|1000|empty_value|null',
    ]);
    const again = await ingestAll(
      await openKafkaReader(config, context),
      database.settings,
      {},
      context,
    );
    expect(again).toMatchObject({ events: 0, end: 'end' });
  });

  test('by two consumers of one group, one of them killed and started again, lands each once', async () => {
    await produce(0, 20_000);
    const follow = ['--follow'];
    const first = await spawnIngest(...follow);
    let second = await spawnIngest(...follow);
    const producing = produce(20_000, 60_000);
    await expect.poll(landed, { timeout: 60_000, interval: 20 }).toBeGreaterThan(0);
    await delay(500);
    second.child.kill('SIGKILL');
    await second.result;
    second = await spawnIngest(...follow);
    await expect
      .poll(() => rows('select count(*) from medallion.runs'), { timeout: 30_000 })
      .toEqual(['3']);
    await producing;
    await produce(60_000, 80_000);
    await expect.poll(landed, { timeout: 90_000, interval: 100 }).toBe(80_000);
    for (const { child } of [first, second]) {
      child.kill('SIGTERM');
    }
    const ends = await Promise.all([first.result, second.result]);
    expect(ends.map(({ code }) => code)).toEqual([130, 130]);
    await expectExactly(80_000);
  }, 180_000);
});
