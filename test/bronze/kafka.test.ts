import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openKafkaReader } from '../../src/log/kafka/reader.ts';
import { runCommand, spawnCli, type CliProcess } from '../support/cli.ts';
import { ingestAll, rowsOf, testContext } from '../support/ingest.ts';
import {
  createTopic,
  expireRecords,
  kafkaBrokers,
  kafkaConfig,
  kafkaProducer,
  numbered,
  produce as send,
  recreateTopic,
  uniqueTopic,
} from '../support/kafka.ts';
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

/** Ingests what the topic holds and returns the warnings. */
async function ingestTopic(
  from = topic,
  options: { readonly resetOffsets?: boolean } = {},
): Promise<string[]> {
  const context = testContext();
  const reader = await openKafkaReader({ ...(await kafkaConfig()), topic: from }, context);
  await ingestAll(reader, database.settings, options, context);
  return context.warnings();
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

  test('keeps keys that are no text, and every header as it was', async () => {
    await send(topic, [
      { partition: 0, key: 'cust_1', value: '{}' },
      { partition: 0, key: Buffer.from([0xff, 0x00]), value: '{}' },
      { partition: 0, key: null, value: '{}', headers: { trace: 'a"é', bytes: Buffer.of(0xff) } },
      { partition: 0, key: '', value: '{}', headers: { twice: ['one, two', 'three'] } },
      { partition: 0, key: 'gone', value: null },
      { partition: 0, key: 'nothing', value: '' },
    ]);
    await ingestTopic();
    expect(
      await rows(
        `select "offset", key, encode(key_bytes, 'hex'), headers from bronze.events order by "offset"`,
      ),
    ).toEqual([
      '0|cust_1|null|null',
      '1|null|ff00|null',
      '2|null|null|{"trace":"a\\"é","bytes":{"base64":"/w=="}}',
      '3||null|{"twice":["one, two","three"]}',
    ]);
    expect(
      await rows(
        `select "offset", reason, detail, encode(raw, 'hex') from bronze.quarantine order by "offset"`,
      ),
    ).toEqual([
      '4|empty_value|a message without a value|null',
      '5|empty_value|a value of 0 bytes|',
    ]);
  });

  test('lands nothing of a topic that was recreated until told to, and then beside the former one', async () => {
    const own = await uniqueTopic(1);
    await send(own, numbered(3, 1));
    await ingestTopic(own);
    await recreateTopic(own, 1);
    await send(own, numbered(8, 1, 100));
    await expect(ingestTopic(own)).rejects.toMatchObject({ code: 'source_changed', exitCode: 2 });
    expect(await landed()).toBe(3);
    await ingestTopic(own, { resetOffsets: true });
    await ingestTopic(own);
    expect(
      await rows(
        'select topic, min("offset"), max("offset"), min(value) from bronze.events group by 1 order by 1',
      ),
    ).toEqual([`${own}|0|2|0`, `${own}#2|0|7|100`]);
  });

  test('books offsets that expired unread as a gap, and says so', async () => {
    const own = `${topic}-gap`;
    await createTopic(own, 1);
    await send(own, numbered(3, 1));
    await ingestTopic(own);
    await send(own, numbered(6, 1, 3));
    await expireRecords(own, 0, '7');
    const warnings = await ingestTopic(own);
    expect(warnings).toEqual([expect.stringContaining('offsets 3 to 6 expired')]);
    expect(await rows('select value from bronze.events order by "offset"')).toEqual([
      '0',
      '1',
      '2',
      '7',
      '8',
    ]);
    expect(
      await rows('select partition, from_offset, to_offset from medallion.offset_gaps'),
    ).toEqual(['0|3|7']);
  });

  test('keeps times that cannot be right, counts them, and lets none of them say how fresh bronze is', async () => {
    const own = await uniqueTopic(1, { 'message.timestamp.after.max.ms': '9223372036854775807' });
    const now = Date.now();
    const stamps = {
      none: '-1',
      seconds: String(Math.trunc(now / 1000)),
      micros: String(now * 1000),
      nanos: String(BigInt(now) * 1_000_000n),
      largest: '9223372036854775807',
      // Right: a clock that is a little ahead, and a history.
      ahead: String(now + 60_000),
      before: String(Date.UTC(1999, 0, 1)),
    };
    await send(
      own,
      Object.entries(stamps).map(([key, timestamp]) => ({ key, timestamp, value: '{}' })),
    );
    const options = {
      cwd: folder,
      env: { DATABASE_URL: database.url, KAFKA_BROKERS: await kafkaBrokers(), KAFKA_TOPIC: own },
    };
    const { code, stdout, stderr } = await runCommand(['ingest'], options);
    expect(code).toBe(0);
    expect(stdout).toContain('warning: 5 events with an impossible time in the log');
    expect(stderr).toContain(`offset 0 of partition 0 of "${own}" has an impossible time: -1`);
    expect(
      await rows(`select key, date_part('year', produced_at at time zone 'UTC') from bronze.events
                   where key in ('none', 'seconds', 'micros', 'before') order by "offset"`),
    ).toEqual(['none|1969', 'seconds|1970', 'micros|9999', 'before|1999']);
    expect(
      await rows(
        `select implausible_events, floor(extract(epoch from last_produced_at) * 1000)
           from medallion.offsets`,
      ),
    ).toEqual([`5|${stamps.ahead}`]);
    const { stdout: page } = await runCommand(['status'], options);
    expect(page.replaceAll(/\s+/g, ' ')).toContain(
      'warning: 5 events with an impossible time in the log; freshness uses',
    );
    // Without any that is right, when they were written counts.
    const bad = await uniqueTopic(1, { 'message.timestamp.after.max.ms': '9223372036854775807' });
    await send(bad, [{ timestamp: stamps.micros, value: '{}' }]);
    await runCommand(['ingest', '--topic', bad], options);
    expect(
      await rows(
        `select abs(extract(epoch from last_produced_at - updated_at)) < 60
           from medallion.offsets where topic = '${bad}'`,
      ),
    ).toEqual(['t']);
  });

  test('waits for a topic that is not there yet when told how long, and only then', async () => {
    const later = `${topic}-later`;
    const options = {
      cwd: folder,
      env: { DATABASE_URL: database.url, KAFKA_BROKERS: await kafkaBrokers(), KAFKA_TOPIC: later },
    };
    const missing = `has no topic "${later}"`;
    const atOnce = await runCommand(['ingest'], options);
    expect(atOnce).toMatchObject({ code: 2, stderr: expect.stringContaining(missing) as string });
    expect(atOnce.stderr).not.toContain('waiting');
    const inVain = await runCommand(['ingest', '--retry-for', '2s'], options);
    expect(inVain).toMatchObject({ code: 2 });
    expect(inVain.stderr).toContain(`${missing}: waiting for it, up to 2 s`);
    const waiting = spawnCli(['ingest', '--retry-for', '1m'], options);
    await expect.poll(waiting.stderr, { timeout: 30_000 }).toContain('up to 1 min');
    await createTopic(later, 1);
    expect(await waiting.result).toMatchObject({ code: 0 });
  });

  test('into two warehouses at once, one a copy of the other, lands all of it in both', async () => {
    const copy = await createTestDatabase({ copyOf: database });
    try {
      await produce(0, 400);
      const env = { KAFKA_BROKERS: await kafkaBrokers(), KAFKA_TOPIC: topic };
      const follow = ['ingest', '--follow', '--idle-timeout', '6s'];
      const of = (url: string) => ({ cwd: folder, env: { ...env, DATABASE_URL: url } });
      const both = [database, copy].map(({ url }) => spawnCli(follow, of(url)).result);
      expect((await Promise.all(both)).map(({ code }) => code)).toEqual([0, 0]);
      const groups: unknown[] = [];
      for (const { settings, url } of [database, copy]) {
        expect(await rowsOf(settings, 'select count(*) from bronze.events')).toEqual(['400']);
        const { stdout } = await runCommand(['status', '--output', 'json'], of(url));
        const { state } = JSON.parse(stdout) as { state: { kafka_group: string } };
        groups.push(state.kafka_group);
      }
      expect(groups).toEqual(
        Array(2).fill(expect.stringMatching(`^medallion-[0-9a-f]{12}-${topic}$`)),
      );
      expect(new Set(groups).size).toBe(2);
    } finally {
      await copy.drop();
    }
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
