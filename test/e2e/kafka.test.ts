import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { runKafkaTool, startBroker, type Broker } from '../../scripts/kafka-broker/broker.ts';
import { ensureTopic } from '../../src/log/kafka/topic.ts';
import { openKafkaWriter } from '../../src/log/kafka/writer.ts';
import { runCommand, type CliResult } from '../support/cli.ts';
import { rowsOf } from '../support/ingest.ts';
import { createBrokerCertificate } from '../support/certificates.ts';
import { kafkaConfig, quietContext, readTopic } from '../support/kafka.ts';
import { MemorySink } from '../support/memory-sink.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';

// Many processes, of Java too, on a machine that may be busy.
vi.setConfig({ testTimeout: 180_000 });

const USER = { username: 'ana', password: 'correct-horse' };
const WRONG_PASSWORD = 'wrong-horse';
/** The codecs by Kafka's names, and their numbers in a record batch. */
const CODECS = { gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const;
const NAMES = Object.keys(CODECS) as (keyof typeof CODECS)[];
const PRODUCER = 'org.apache.kafka.tools.ConsoleProducer';
const CONSUMER = 'org.apache.kafka.tools.consumer.ConsoleConsumer';
const CODEC_AT = 22;
const FIXTURE = path.join(import.meta.dirname, '../../fixtures/producer-2k.ndjson.gz');

/** A broker of this file's own: its files are looked at and spoilt, and it asks for passwords and certificates. */
let broker: Broker;
let folder: string;
let certificate: string;
let database: TestDatabase;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'medallion-e2e-kafka-'));
  const own = await createBrokerCertificate(folder);
  ({ certificate } = own);
  [broker, database] = await Promise.all([
    startBroker({
      isBrief: true,
      dir: path.join(folder, 'broker'),
      sasl: USER,
      tls: { keystoreFile: own.keystoreFile },
    }),
    createTestDatabase(),
  ]);
});

afterAll(async () => {
  await broker.kill();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const rows = (sql: string): Promise<string[]> => rowsOf(database.settings, sql);

/** Runs medallion on this broker's open listener, unless `env` says otherwise. */
function medallion(args: readonly string[], env: Record<string, string> = {}): Promise<CliResult> {
  return runCommand(args, {
    cwd: folder,
    env: { DATABASE_URL: database.url, KAFKA_BROKERS: broker.brokers, ...env },
  });
}

async function createTopic(
  topic: string,
  partitions: number,
  settings: Readonly<Record<string, string>> = {},
): Promise<void> {
  const admin = client().admin();
  const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
  await admin.createTopics({
    waitForLeaders: false,
    topics: [{ topic, numPartitions: partitions, replicationFactor: 1, configEntries }],
  });
  await admin.disconnect();
  await ensureTopic(await kafkaConfig({ brokers: [broker.brokers] }), topic, partitions);
}

function client(): kafkajs.Kafka {
  const brokers = [broker.brokers];
  return new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING });
}

/** Sends messages in one batch for each partition, and once, however busy the topic's leader is. */
async function send(topic: string, messages: kafkajs.Message[]): Promise<void> {
  const producer = client().producer({
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  await producer.send({ topic, messages });
  await producer.disconnect();
}

/** Reads the topic from its beginning. */
async function read(topic: string): Promise<MemorySink> {
  const sink = new MemorySink();
  await readTopic(topic, sink, {}, { brokers: [broker.brokers] });
  return sink;
}

/** The broker's own file of a partition. */
function segment(topic: string, partition = 0): string {
  const name = `${topic}-${partition}/00000000000000000000.log`;
  return path.join(folder, 'broker', 'data', name);
}

/** How the first batch of the topic is compressed. */
async function codecOf(topic: string): Promise<number> {
  return ((await readFile(segment(topic)))[CODEC_AT] ?? 0) & 7;
}

describe('compression', () => {
  let lines: string[];
  beforeAll(async () => {
    lines = gunzipSync(await readFile(FIXTURE))
      .toString('utf8')
      .trimEnd()
      .split('\n');
  });

  test('what the Java producer sends is read byte for byte, whatever its codec', async () => {
    // A batch far larger than the codecs' own blocks of 32 and 64 KB, which the framing puts together again.
    const properties = ['batch.size=400000', 'linger.ms=1000'].flatMap((property) => [
      '--producer-property',
      property,
    ]);
    await Promise.all(
      NAMES.map(async (name) => {
        const topic = `java-${name}`;
        await createTopic(topic, 1);
        const to = ['--bootstrap-server', broker.brokers, '--topic', topic];
        const args = [...to, '--compression-codec', name, ...properties];
        await runKafkaTool(PRODUCER, args, lines.map((line) => `${line}\n`).join(''));
        expect(await codecOf(topic)).toBe(CODECS[name]);
        expect((await read(topic)).values).toEqual(lines);
      }),
    );
  });

  test('what is written is read by the Java consumer, whatever the codec', async () => {
    const own = await kafkaConfig({ brokers: [broker.brokers] });
    const records = lines.map((line) => ({ key: 'all', value: Buffer.from(line) }));
    for (const name of NAMES) {
      const topic = `written-${name}`;
      await createTopic(topic, 1);
      const writer = await openKafkaWriter({ ...own, topic }, quietContext(), name);
      await writer.append(records);
      await writer.close();
      expect(await codecOf(topic)).toBe(CODECS[name]);
    }
    const consumed = await runKafkaTool(CONSUMER, [
      ...['--bootstrap-server', broker.brokers, '--include', 'written-.*', '--from-beginning'],
      ...['--max-messages', String(4 * lines.length), '--timeout-ms', '60000'],
    ]);
    const events = consumed.split('\n').filter((line) => line.startsWith('{'));
    expect(events.sort()).toEqual(lines.flatMap((line) => [line, line, line, line]).sort());
  });

  test('is what generate is told', async () => {
    const args = ['--topic', 'generated', '--partitions', '1', '--compression', 'zstd'];
    const { code, stderr } = await medallion(['generate', '-n', '100', ...args]);
    expect(code, stderr).toBe(0);
    expect(await codecOf('generated')).toBe(CODECS.zstd);
  });

  test('is for Kafka: a file says by its name how it is compressed', async () => {
    const { code, stderr } = await medallion([
      ...['generate', '--to', 'x.ndjson', '--compression', 'lz4'],
    ]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('--to sales.ndjson.gz')]);
  });
});

describe('a batch that cannot be read', () => {
  async function spoil(topic: string, at: number, byte: number): Promise<void> {
    const file = await open(segment(topic), 'r+');
    await file.write(Buffer.of(byte), 0, 1, at);
    await file.close();
  }

  test('is named, after everything before it and beside it has landed', async () => {
    const topic = 'damaged';
    await createTopic(topic, 2);
    const value = (text: string): string => `{"n":"${text.repeat(200)}"}`;
    await send(topic, [
      { partition: 0, value: value('a') },
      { partition: 1, value: value('b') },
    ]);
    const firstBatch = (await readFile(segment(topic))).length;
    await send(topic, [{ partition: 0, value: value('c') }]);
    await send(topic, [{ partition: 0, value: value('d') }]);
    await spoil(topic, firstBatch + 100, 0);

    const { code, stdout, stderr } = await medallion(['ingest', '--topic', topic]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(
      'error: cannot read partition 0 of topic "damaged" any further: ' +
        'the batch at offset 1 is damaged: its checksum does not match',
    );
    expect(stderr).toContain('kafka-delete-records.sh');
    expect(
      await rows(
        `select partition, "offset" from bronze.events where topic = '${topic}' order by 1`,
      ),
    ).toEqual(['0|0', '1|0']);
  });

  test.each([
    ['a codec that Kafka does not have', 7, 'is compressed by codec 7'],
    ['a codec that it was not written with', 2, 'is damaged'],
  ])('because of %s', async (_, codec, why) => {
    const topic = `spoilt-${codec}`;
    await createTopic(topic, 1);
    await send(topic, [{ value: '{}' }]);
    await spoil(topic, CODEC_AT, codec);
    await expect(read(topic)).rejects.toMatchObject({
      code: 'input',
      message: expect.stringContaining(
        `cannot read partition 0 of topic "${topic}" any further: the batch at offset 0 ${why}`,
      ),
    });
  });
});

test('messages larger than a fetch land, those above the limit are refused as from a file', async () => {
  const topic = 'large';
  const megabytes = (count: number): string => `{"fill":"${'x'.repeat(count * 1_000_000)}"}`;
  await createTopic(topic, 1, { 'max.message.bytes': '40000000' });
  const values = [megabytes(1), megabytes(14), megabytes(17), '{"n":4}'];
  for (const value of values) {
    await send(topic, [{ value }]);
  }
  await writeFile(path.join(folder, 'large.ndjson'), values.map((value) => `${value}\n`).join(''));

  for (const from of [
    ['--topic', topic],
    ['--from', 'large.ndjson'],
  ]) {
    const { code, stderr } = await medallion(['ingest', ...from]);
    expect(code, stderr).toBe(0);
  }
  expect(
    await rows(
      `select topic = '${topic}', length(value), md5(value) from bronze.events
        where topic like '%large%' order by topic = '${topic}' desc, "offset"`,
    ),
  ).toEqual(
    await rows(
      `select is_kafka, length(value), md5(value)
         from (values (true), (false)) as logs (is_kafka),
              (values (1, '{"fill":"' || repeat('x', 1000000) || '"}'),
                      (2, '{"fill":"' || repeat('x', 14000000) || '"}'),
                      (3, '{"n":4}')) as events (n, value)
        order by is_kafka desc, n`,
    ),
  );
  const refused = ['too_large', '17000011 bytes, more than the limit of 16777216', '16777216'];
  expect(
    await rows(
      `select reason, split_part(detail, ';', 1), length(raw) from bronze.quarantine
        where topic like '%large%'`,
    ),
  ).toEqual([refused.join('|'), refused.join('|')]);
});

describe('a broker that asks for a password over TLS', () => {
  const login = (mechanism: string, password: string): Record<string, string> => ({
    KAFKA_BROKERS: broker.saslTlsBrokers ?? '',
    KAFKA_SSL: 'true',
    KAFKA_SSL_CA: certificate,
    KAFKA_SASL_MECHANISM: mechanism,
    KAFKA_SASL_USERNAME: USER.username,
    KAFKA_SASL_PASSWORD: password,
  });

  test('lets generate, ingest and doctor in', async () => {
    const env = login('scram-sha-512', USER.password);
    const topic = ['--topic', 'guarded'];
    const generated = await medallion(['generate', '-n', '20', '--partitions', '2', ...topic], env);
    expect(generated.code, generated.stderr).toBe(0);
    const [ingested, doctor] = await Promise.all([
      medallion(['ingest', ...topic], env),
      medallion(['doctor', ...topic], env),
    ]);
    expect(ingested.stdout, ingested.stderr).toMatch(/^20 events/);
    // A reader that doctor sees makes its table wider than the page: rows stand one below the other then.
    expect(doctor.stdout).toMatch(/Kafka topic\s+(?:found +)?guarded: 2 partitions/);
  });

  test.each([
    ['a wrong password', () => login('scram-sha-512', WRONG_PASSWORD), 'refused user "ana"'],
    [
      'a certificate that nothing vouches for',
      () => ({ ...login('plain', USER.password), KAFKA_SSL_CA: '' }),
      'no trusted TLS connection',
    ],
  ])('but not with %s: one message, no password, exit code 3', async (_, env, says) => {
    for (const command of [['generate', '-n', '1'], ['ingest'], ['doctor']]) {
      const { code, stdout, stderr } = await medallion(command, env());
      expect(code, `${stdout}${stderr}`).toBe(3);
      expect(`${stdout}${stderr}`.split(says)).toHaveLength(2);
      expect(`${stdout}${stderr}`).not.toMatch(/horse|^ {4}at /m);
    }
  });
});
