import avsc from 'avsc';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AVRO_SCHEMA, AvroWire } from '../../src/generate/avro.ts';
import { eventsOf, NO_FAULTS, PERIOD } from '../generate/shop-stream.ts';
import { runCommand, spawnCli, type CliResult } from '../support/cli.ts';
import { rowsOf } from '../support/ingest.ts';
import { kafkaBrokers, produce, uniqueTopic, until } from '../support/kafka.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { Proxy } from '../support/proxy.ts';
import { framed, startTestRegistry, type TestRegistry } from '../support/registry.ts';

const DECIMAL = { type: 'bytes', logicalType: 'decimal', precision: 18, scale: 2 };
const V1 = {
  ...{ type: 'record', name: 'Order' },
  fields: [
    { name: 'id', type: 'string' },
    { name: 'total', type: DECIMAL },
  ],
};
const V2 = {
  ...V1,
  fields: [...V1.fields, { name: 'channel', type: ['null', 'string'], default: null }],
};
const v1 = avsc.Type.forSchema(V1 as avsc.Schema);
const v2 = avsc.Type.forSchema(V2 as avsc.Schema);
/** 742.28 */
const TOTAL = Buffer.from([0x01, 0x21, 0xf4]);

let registry: TestRegistry;
let database: TestDatabase;
let folder: string;
let topic: string;

beforeAll(async () => {
  registry = await startTestRegistry();
}, 300_000);

afterAll(async () => {
  await registry.stop();
});

beforeEach(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(path.join(tmpdir(), 'medallion-registry-ingest-'));
  topic = await uniqueTopic(1);
});

afterEach(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

/** Registers a schema under the topic's subject, as a producer does. */
async function register(schema: object, type: 'AVRO' | 'JSON' = 'AVRO', of = topic) {
  return registry.register(`${of}-value`, schema, type);
}

async function environment(more: Record<string, string> = {}): Promise<Record<string, string>> {
  return {
    ...{ DATABASE_URL: database.url, KAFKA_BROKERS: await kafkaBrokers(), KAFKA_TOPIC: topic },
    ...{ KAFKA_FORMAT: 'avro', SCHEMA_REGISTRY_URL: registry.url, ...more },
  };
}

async function ingest(more: Record<string, string> = {}, ...args: string[]): Promise<CliResult> {
  return runCommand(['ingest', ...args], { cwd: folder, env: await environment(more) });
}

const rows = (sql: string): Promise<string[]> => rowsOf(database.settings, sql);
const EVENTS = 'select value, format, schema_id from bronze.events order by "offset"';
const QUARANTINE = `select "offset", reason, detail, encode(raw, 'hex') from bronze.quarantine order by 1`;

describe('a topic of framed values', () => {
  test('is decoded by the schema of each record, exact to the digit, and its id stays', async () => {
    const [first, second] = [await register(V1), await register(V2)];
    await produce(topic, [
      { value: framed(first, v1.toBuffer({ id: 'txn_1', total: TOTAL })) },
      { value: framed(second, v2.toBuffer({ id: 'txn_2', total: TOTAL, channel: 'web' })) },
      { value: framed(second, v2.toBuffer({ id: 'txn_3', total: TOTAL, channel: null })) },
    ]);
    expect(await ingest()).toMatchObject({ code: 0 });
    expect(await rows(EVENTS)).toEqual([
      `{"id":"txn_1","total":742.28}|avro|${String(first)}`,
      `{"id":"txn_2","total":742.28,"channel":"web"}|avro|${String(second)}`,
      `{"id":"txn_3","total":742.28,"channel":null}|avro|${String(second)}`,
    ]);
    const { stdout } = await runCommand(['trace', '--topic', topic, '--offset', '1'], {
      cwd: folder,
      env: await environment(),
    });
    expect(stdout).toMatch(new RegExp(`schema_id\\s+${String(second)}`));
  });

  test('a broken frame, an unknown schema and plain JSON are quarantined byte for byte, alone', async () => {
    const id = await register(V1);
    const whole = framed(id, v1.toBuffer({ id: 'txn_1', total: TOTAL }));
    const cut = whole.subarray(0, -2);
    const unknown = framed(4_000_000, whole.subarray(5));
    const json = await register(
      { $schema: 'http://json-schema.org/draft-07/schema#', type: 'object' },
      'JSON',
      `${topic}-other`,
    );
    const other = framed(json, Buffer.from('{}'));
    await produce(topic, [
      { value: cut },
      { value: unknown },
      { value: '{"id": 1}' },
      { value: other },
      { value: Buffer.from([0, 0]) },
      { value: null },
      { value: whole },
    ]);
    const { code, stderr } = await ingest();
    expect(code).toBe(0);
    expect(stderr).toMatch(/mostly as undecodable/);
    expect(await rows(EVENTS)).toEqual([`{"id":"txn_1","total":742.28}|avro|${String(id)}`]);
    expect(await rows(QUARANTINE)).toEqual([
      `0|undecodable|schema ${String(id)}: total: the value ends too early|${cut.toString('hex')}`,
      `1|undecodable|schema 4000000 is not in the registry|${unknown.toString('hex')}`,
      `2|undecodable|not a frame of a schema registry: it begins with 7b22696422|7b226964223a20317d`,
      `3|undecodable|schema ${String(json)}: a schema of type JSON, but AVRO was declared|${other.toString('hex')}`,
      '4|undecodable|not a frame of a schema registry: it begins with 0000|0000',
      '5|empty_value|a message without a value|null',
    ]);
  });

  test('JSON Schema frames lose their header and nothing else', async () => {
    const id = await register(
      { $schema: 'http://json-schema.org/draft-07/schema#', type: 'object' },
      'JSON',
    );
    const text = '{ "id": 12345678901234567890.10 }';
    await produce(topic, [
      { value: framed(id, Buffer.from(text)) },
      { value: framed(id, Buffer.from([0xff])) },
    ]);
    expect(await ingest({ KAFKA_FORMAT: 'json_schema' })).toMatchObject({ code: 0 });
    expect(await rows(EVENTS)).toEqual([`${text}|json_schema|${String(id)}`]);
    expect(await rows('select reason from bronze.quarantine')).toEqual(['not_text']);
  });

  test('a schema that refers to others is read with all of them', async () => {
    const subject = (name: string): string => `${topic}-${name}`;
    const refer = (name: string, version = 1) => ({
      ...{ name: `shop.${name}`, subject: subject(name), version },
    });
    const money = {
      ...{ type: 'record', name: 'Money', namespace: 'shop' },
      fields: [{ name: 'amount', type: DECIMAL }],
    };
    const line = {
      ...{ type: 'record', name: 'Line', namespace: 'shop' },
      fields: [{ name: 'price', type: 'shop.Money' }],
    };
    const order = {
      ...{ type: 'record', name: 'Order', namespace: 'shop' },
      fields: [
        { name: 'total', type: 'shop.Money' },
        { name: 'lines', type: { type: 'array', items: 'shop.Line' } },
      ],
    };
    await registry.register(subject('Money'), { ...money, fields: [] });
    await registry.register(subject('Money'), money);
    await registry.register(subject('Line'), line, 'AVRO', [refer('Money', 2)]);
    const id = await registry.register(`${topic}-value`, order, 'AVRO', [
      refer('Line'),
      refer('Money', 2),
    ]);
    // 742.28; a block of one line of -0.01, and the end of blocks.
    const value = Buffer.from([6, ...TOTAL, 2, 2, 0xff, 0]);
    await produce(topic, [{ value: framed(id, value) }, { value: framed(id, value) }]);
    expect(await ingest()).toMatchObject({ code: 0 });
    const text = '{"total":{"amount":742.28},"lines":[{"price":{"amount":-0.01}}]}';
    expect(await rows(EVENTS)).toEqual([
      `${text}|avro|${String(id)}`,
      `${text}|avro|${String(id)}`,
    ]);
  });

  test('JSON Schema may refer to others: no value is read by them', async () => {
    const $schema = 'http://json-schema.org/draft-07/schema#';
    const item = { $schema, $id: `${topic}-item.json`, type: 'object' };
    await registry.register(`${topic}-item`, item, 'JSON');
    const order = { $schema, type: 'object', properties: { item: { $ref: `${topic}-item.json` } } };
    const id = await registry.register(`${topic}-value`, order, 'JSON', [
      { name: `${topic}-item.json`, subject: `${topic}-item`, version: 1 },
    ]);
    await produce(topic, [{ value: framed(id, Buffer.from('{"item": {"price": 1.10}}')) }]);
    expect(await ingest({ KAFKA_FORMAT: 'json_schema' })).toMatchObject({ code: 0 });
    expect(await rows(EVENTS)).toEqual([`{"item": {"price": 1.10}}|json_schema|${String(id)}`]);
  });

  test('a text that is the event, as converters write a column of text, is the event', async () => {
    const text = '{"id": "a \\"b\\"", "total": 12345678901234567890.12}';
    const avro = await register({ type: 'string' });
    const string = avsc.Type.forSchema('string');
    await produce(topic, [{ value: framed(avro, string.toBuffer(text)) }]);
    expect(await ingest()).toMatchObject({ code: 0 });
    expect(await rows(EVENTS)).toEqual([`${text}|avro|${String(avro)}`]);
    const other = await uniqueTopic(1);
    const schema = { $schema: 'http://json-schema.org/draft-07/schema#', type: 'string' };
    const json = await register(schema, 'JSON', other);
    await produce(other, [
      { value: framed(json, Buffer.from(JSON.stringify(text))) },
      { value: framed(json, Buffer.from('"broken')) },
    ]);
    const more = { KAFKA_FORMAT: 'json_schema', KAFKA_TOPIC: other };
    expect(await ingest(more)).toMatchObject({ code: 0 });
    expect(await rows(`select value from bronze.events where topic = '${other}'`)).toEqual([
      text,
      '"broken',
    ]);
  });

  test('ids that no registry gives away are a fault of their record', async () => {
    const body = Buffer.from([2, 0x61]);
    await produce(topic, [
      { value: framed(0, body) },
      { value: framed(-1, body) },
      { value: framed(-(2 ** 31), body) },
      { value: framed(2 ** 31 - 1, body) },
    ]);
    expect(await ingest()).toMatchObject({ code: 0 });
    expect(await rows('select detail from bronze.quarantine order by "offset"')).toEqual([
      'schema 0 is not in the registry',
      'schema -1 is not in the registry',
      'schema -2147483648 is not in the registry',
      'schema 2147483647 is not in the registry',
    ]);
  });

  test('without the declaration frames are no text, and a warning says what to declare', async () => {
    const value = framed(await register(V1), v1.toBuffer({ id: 'txn_1', total: TOTAL }));
    await produce(topic, [{ value }, { value }, { value }]);
    const { code, stderr } = await ingest({ KAFKA_FORMAT: 'json' });
    expect(code).toBe(0);
    expect(stderr).toMatch(/set kafka\.format to avro or\s+json_schema/);
  });
});

describe('frames that could not be decoded', () => {
  const events = (schemaId: number): { value: Buffer }[] => {
    const header = framed(schemaId, Buffer.alloc(0));
    return eventsOf(4, NO_FAULTS, 7, PERIOD, (shop) => new AvroWire(shop, header));
  };
  const replay = async (more: Record<string, string> = {}): Promise<CliResult> =>
    runCommand(['quarantine', 'replay', '--all', '--yes', '-o', 'csv'], {
      cwd: folder,
      env: await environment(more),
    });
  const counts = (): Promise<string[]> =>
    rows(`select (select count(*) from silver.fact_transactions), ingested_events, quarantined_events
      from medallion.offsets`);

  test('are decoded again once the registry has their schema, and go on to silver', async () => {
    const schema = JSON.parse(AVRO_SCHEMA) as object;
    const known = await register({ ...schema, doc: 'the same, known from the start' });
    // The next id that the registry will give away.
    const late = known + 1;
    const [good] = events(known);
    const [, second, third, fourth] = events(late).map(({ value }) => value);
    const cut = fourth?.subarray(0, -4) ?? null;
    await produce(topic, [
      { value: good?.value ?? null },
      { value: second ?? null },
      { value: third ?? null },
      { value: cut },
      { value: '{"id": 1}' },
    ]);
    const env = await environment();
    const medallion = (...args: string[]): Promise<CliResult> =>
      runCommand(args, { cwd: folder, env });
    expect(await medallion('ingest')).toMatchObject({ code: 0 });
    expect((await replay()).stderr).toMatch(/4 events cannot be judged again: silver has not/);
    expect(await medallion('promote')).toMatchObject({ code: 0 });
    expect(await counts()).toEqual(['1|1|4']);

    expect(await replay()).toMatchObject({
      ...{ code: 0, stdout: 'outcome,reason,field,events\nrejected,undecodable,,4\n' },
    });
    expect(await counts()).toEqual(['1|1|4']);

    expect(await register(schema)).toBe(late);
    expect(await replay()).toMatchObject({
      code: 0,
      stdout: 'outcome,reason,field,events\ncurrent,,,2\nrejected,undecodable,,2\n',
    });
    expect(await counts()).toEqual(['3|3|2']);
    expect(
      await rows('select "offset", format, schema_id from bronze.events order by "offset"'),
    ).toEqual([`0|avro|${String(known)}`, `1|avro|${String(late)}`, `2|avro|${String(late)}`]);
    // The same as if they had come in at once, to the cent.
    const inJson = eventsOf(4, NO_FAULTS, 7, PERIOD)
      .slice(0, 3)
      .map(({ value }) => /"total_amount": ([0-9.]+)/.exec(String(value))?.[1]);
    expect(
      await rows(
        'select order_total_amount::float8 from silver.fact_transactions order by "offset"',
      ),
    ).toEqual(inJson.map((total) => String(Number(total))));
    expect(
      await rows('select "offset", status, reason, detail from bronze.quarantine order by 1'),
    ).toEqual([
      `1|replayed|undecodable|schema ${String(late)} is not in the registry`,
      `2|replayed|undecodable|schema ${String(late)} is not in the registry`,
      `3|open|undecodable|schema ${String(late)}: data.processed_status: the value ends too early`,
      '4|open|undecodable|not a frame of a schema registry: it begins with 7b22696422',
    ]);
    expect(await medallion('reconcile')).toMatchObject({ code: 0 });
    // Judged again once more, nothing changes.
    expect((await replay()).stdout).toBe('outcome,reason,field,events\nrejected,undecodable,,2\n');
    expect(await counts()).toEqual(['3|3|2']);
  });

  test('stay as they are while the registry is away, or nothing says what they are', async () => {
    const known = await register(JSON.parse(AVRO_SCHEMA) as object);
    const [good, other] = events(known);
    await produce(topic, [
      { value: good?.value ?? null },
      { value: other?.value.subarray(0, -4) ?? null },
    ]);
    const env = await environment();
    expect(await runCommand(['ingest'], { cwd: folder, env })).toMatchObject({ code: 0 });
    expect(await runCommand(['promote'], { cwd: folder, env })).toMatchObject({ code: 0 });
    const before = await rows('select * from bronze.quarantine');
    const away = await replay({ SCHEMA_REGISTRY_URL: 'http://127.0.0.1:1' });
    expect(away.code).toBe(3);
    expect(away.stderr).toMatch(/the schema registry at 127\.0\.0\.1:1 cannot be reached/);
    const undeclared = await replay({ KAFKA_FORMAT: 'json' });
    expect(undeclared.code).toBe(0);
    expect(undeclared.stderr).toMatch(/1 event cannot be judged again/);
    expect(undeclared.stderr).toMatch(/KAFKA_FORMAT/);
    expect(await rows('select * from bronze.quarantine')).toEqual(before);
  });
});

describe('a registry that is away', () => {
  test('stops ingest before anything is written, and is waited for as a lost server is', async () => {
    const id = await register(V1);
    const value = framed(id, v1.toBuffer({ id: 'txn_1', total: TOTAL }));
    await produce(topic, [{ value }]);
    const { port } = registry;
    let isUp = false;
    const proxy = await Proxy.open(() => (isUp ? port : 1));
    const away = { SCHEMA_REGISTRY_URL: registry.url.replace(String(port), String(proxy.port)) };
    try {
      const refused = await ingest(away);
      expect(refused.code).toBe(3);
      expect(refused.stderr).toMatch(/the schema registry at 127\.0\.0\.1:\d+ cannot be reached/);
      expect(refused.stderr).toMatch(/Check SCHEMA_REGISTRY_URL/);

      const late = spawnCli(['ingest', '--retry-for', '1m'], {
        cwd: folder,
        env: await environment(away),
      });
      await until(() => late.stderr().includes('trying again'));
      isUp = true;
      expect(await late.result).toMatchObject({ code: 0 });
      expect(late.stderr()).toMatch(/is back after/);
      expect(await rows('select count(*) from bronze.events')).toEqual(['1']);
      expect(await rows('select count(*) from bronze.quarantine')).toEqual(['0']);
    } finally {
      await proxy.close();
    }
  });

  test('lost in the middle of a read: nothing is quarantined, and it goes on when it is back', async () => {
    const { port } = registry;
    let isUp = true;
    const proxy = await Proxy.open(() => (isUp ? port : 1));
    const url = registry.url.replace(String(port), String(proxy.port));
    try {
      const follower = spawnCli(['ingest', '--follow', '--idle-timeout', '5s'], {
        cwd: folder,
        env: await environment({ SCHEMA_REGISTRY_URL: url }),
      });
      const first = await register(V1);
      await produce(topic, [{ value: framed(first, v1.toBuffer({ id: 'a', total: TOTAL })) }]);
      await until(async () => (await rows('select count(*) from bronze.events'))[0] === '1');
      isUp = false;
      const second = await register(V2);
      const late = v2.toBuffer({ id: 'b', total: TOTAL, channel: null });
      await produce(topic, [{ value: framed(second, late) }]);
      await until(() => follower.stderr().includes('lost the schema registry'));
      isUp = true;
      expect(await follower.result).toMatchObject({ code: 0 });
      expect(await rows('select count(*) from bronze.events')).toEqual(['2']);
      expect(await rows('select count(*) from bronze.quarantine')).toEqual(['0']);
    } finally {
      await proxy.close();
    }
  });

  test('gone for longer than it is waited for: the next run goes on, each event once', async () => {
    const { port } = registry;
    let isUp = true;
    const proxy = await Proxy.open(() => (isUp ? port : 1));
    const url = registry.url.replace(String(port), String(proxy.port));
    const more = { SCHEMA_REGISTRY_URL: url };
    const total = (): Promise<string[]> =>
      rows(`select count(*), count(distinct value::json ->> 'id'), min(next_offset)
        from bronze.events, medallion.offsets`);
    const send = async (schemaId: number, from: number, to: number): Promise<void> => {
      const ids = Array.from({ length: to - from }, (_, index) => String(from + index));
      await produce(
        topic,
        ids.map((id) => ({ value: framed(schemaId, v1.toBuffer({ id, total: TOTAL })) })),
      );
    };
    try {
      await send(await register(V1), 0, 500);
      const follower = spawnCli(['ingest', '--follow', '--retry-for', '3s'], {
        ...{ cwd: folder, env: await environment(more) },
      });
      await until(async () => (await total())[0] === '500|500|500');
      isUp = false;
      await send(await register({ ...V1, doc: 'of another version' }), 500, 900);
      const { code, stderr } = await follower.result;
      expect(code).toBe(3);
      expect(stderr).toMatch(/lost the schema registry at 127\.0\.0\.1/);
      expect(stderr).toMatch(/gave up after 3 s/);
      expect(stderr).toMatch(/500 events of this run are committed/);
      expect(await total()).toEqual(['500|500|500']);

      // Ctrl-C while it is waited for ends at once, and nothing is lost either.
      const waiting = spawnCli(['ingest', '--retry-for', '2m'], {
        ...{ cwd: folder, env: await environment(more) },
      });
      await until(() => waiting.stderr().includes('trying again'));
      waiting.child.kill('SIGINT');
      expect(await waiting.result).toMatchObject({ code: 130 });

      isUp = true;
      expect(await ingest(more)).toMatchObject({ code: 0 });
      expect(await total()).toEqual(['900|900|900']);
      expect(await rows('select count(*) from bronze.quarantine')).toEqual(['0']);
    } finally {
      await proxy.close();
    }
  });

  test('what is no registry, no address, or none at all is said before anything is read', async () => {
    const wrong = await ingest({ SCHEMA_REGISTRY_URL: new URL(registry.url).origin });
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toMatch(/is not a schema registry/);
    expect(wrong.stderr).toMatch(/apis\/ccompat\/v7/);
    const none = await ingest({ SCHEMA_REGISTRY_URL: '' });
    expect(none.code).toBe(2);
    expect(none.stderr).toMatch(/needs a schema registry/);
    const secret = randomBytes(8).toString('hex');
    const inUrl = await ingest({ SCHEMA_REGISTRY_URL: `http://me:${secret}@127.0.0.1:1` });
    expect(inUrl.code).toBe(2);
    expect(inUrl.stderr).toMatch(/set registry\.user/);
    expect(inUrl.stderr).not.toContain(secret);
  });
});

test('each event once, however often ingest is killed', async () => {
  const id = await register(V1);
  const count = 6000;
  const messages = Array.from({ length: count }, (_, number) => ({
    value: framed(id, v1.toBuffer({ id: String(number), total: TOTAL })),
  }));
  await produce(topic, messages);
  for (const batches of [1, 2]) {
    const args = ['ingest', '--max-messages', String(batches * 1500)];
    const victim = spawnCli(args, { cwd: folder, env: await environment() });
    await until(() => victim.stderr().length > 0 || victim.child.exitCode !== null);
    victim.child.kill('SIGKILL');
    await victim.result;
  }
  expect(await ingest()).toMatchObject({ code: 0 });
  expect(
    await rows(`select count(*), count(distinct value::json ->> 'id') from bronze.events`),
  ).toEqual([`${String(count)}|${String(count)}`]);
}, 120_000);
