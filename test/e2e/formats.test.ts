import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { runCommand, type CliResult } from '../support/cli.ts';
import { rowsOf } from '../support/ingest.ts';
import { kafkaBrokers, produce, uniqueTopic } from '../support/kafka.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { framed, startTestRegistry, type TestRegistry } from '../support/registry.ts';
import { expectTheAnswersOf, readManifest, SHOP } from './warehouse.ts';

// A broker and a registry beside the commands, on a machine that may be busy.
vi.setConfig({ testTimeout: 180_000 });

const COUNT = 2000;
const GENERATE = ['generate', '-n', String(COUNT), ...SHOP, '--manifest', 'answers.json'];
/** The same without malformed events, which only JSON has. */
const SOUND = GENERATE.filter(
  (_, index, all) => ![all[index - 1], all[index]].includes('--malformed'),
);

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
  folder = await mkdtemp(path.join(tmpdir(), 'medallion-formats-'));
  topic = await uniqueTopic(2);
});

afterEach(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

async function run(format: string, ...args: string[]): Promise<CliResult> {
  return runCommand(args, {
    cwd: folder,
    env: {
      ...{ MEDALLION_HOME: path.join(folder, 'home'), DATABASE_URL: database.url },
      ...{ KAFKA_BROKERS: await kafkaBrokers(), KAFKA_TOPIC: topic, KAFKA_FORMAT: format },
      SCHEMA_REGISTRY_URL: registry.url,
    },
  });
}

/** Runs a command that must succeed. */
async function succeed(format: string, ...args: string[]): Promise<CliResult> {
  const result = await run(format, ...args);
  expect(result, args.join(' ')).toMatchObject({ code: 0 });
  return result;
}

const rows = (sql: string): Promise<string[]> => rowsOf(database.settings, sql);

async function latestSchema(): Promise<{ id: number; version: number; schema: string }> {
  const response = await fetch(`${registry.url}/subjects/${topic}-value/versions/latest`);
  return (await response.json()) as { id: number; version: number; schema: string };
}

describe('what the generator promised is what the warehouse answers', () => {
  test('through frames of Avro, by a schema that it registers once', async () => {
    await succeed('avro', ...SOUND);
    const { id, version, schema } = await latestSchema();
    expect(version).toBe(1);
    expect(schema).toContain('"logicalType":"decimal"');
    await succeed('avro', 'ingest');
    await succeed('avro', 'promote');
    await expectTheAnswersOf(
      await readManifest(path.join(folder, 'answers.json')),
      database.settings,
    );
    expect(
      await rows('select format, schema_id, count(*) from bronze.events group by 1, 2'),
    ).toEqual([`avro|${String(id)}|${String(COUNT)}`]);
    await succeed('json', 'generate', '-n', '10', '--format', 'avro');
    expect(await latestSchema()).toMatchObject({ id, version: 1 });
    expect(await succeed('avro', 'reconcile')).toMatchObject({ code: 0 });
  });

  test('through frames of JSON Schema, malformed events included', async () => {
    await succeed('json_schema', ...GENERATE);
    await succeed('json_schema', 'ingest');
    await succeed('json_schema', 'promote');
    await expectTheAnswersOf(
      await readManifest(path.join(folder, 'answers.json')),
      database.settings,
    );
  });

  test("through messages of Debezium's outbox", async () => {
    await succeed('outbox', ...SOUND);
    await succeed('outbox', 'ingest');
    await succeed('outbox', 'promote');
    await expectTheAnswersOf(
      await readManifest(path.join(folder, 'answers.json')),
      database.settings,
    );
    expect(await rows('select distinct format, schema_id from bronze.events')).toEqual([
      'outbox|null',
    ]);
  });
});

test("messages of Debezium's outbox, in every way in which its converter writes them", async () => {
  const given = (await run('json', ...SOUND, '--to', '-')).stdout.trimEnd().split('\n');
  const structure = { type: 'struct', fields: [{ type: 'struct', field: 'data', fields: [] }] };
  const ways: ((event: string) => string)[] = [
    // schemas.enable off and on, table.expand.json.payload off and on.
    (event) => JSON.stringify(event),
    (event) => event,
    (event) => `{"schema":{"type":"string","optional":true},"payload":${JSON.stringify(event)}}`,
    (event) => `{"schema":${JSON.stringify(structure)},"payload":${event}}`,
  ];
  const messages = given.map((event, index) => ({
    value: ways[index % ways.length]?.(event) ?? '',
  }));
  // A batch of a broker is a megabyte at most.
  for (let from = 0; from < messages.length; from += 200) {
    await produce(topic, messages.slice(from, from + 200));
  }
  await succeed('outbox', 'ingest');
  await succeed('outbox', 'promote');
  const answers = await readManifest(path.join(folder, 'answers.json'));
  await expectTheAnswersOf(answers, database.settings);
});

/** Orders as a company's own schema has them: nullable fields, an enum, decimals of several scales, times in micro- and milliseconds. */
test('orders of another shape in Avro are mapped by their source, exact to the last digit', async () => {
  const decimal = (scale: number): object => ({
    ...{ type: 'bytes', logicalType: 'decimal', precision: 20, scale },
  });
  const record = (name: string, fields: Record<string, unknown>): object => ({
    ...{ type: 'record', name },
    fields: Object.entries(fields).map(([name, type]) => ({ name, type })),
  });
  const id = await registry.register(
    `${topic}-value`,
    record('Order', {
      orderId: 'long',
      placedAt: { type: 'long', logicalType: 'timestamp-micros' },
      changedAt: 'long',
      state: { type: 'enum', name: 'State', symbols: ['OPEN', 'DONE'] },
      buyer: ['null', record('Buyer', { no: 'long', town: ['null', 'string'] })],
      net: decimal(2),
      tax: decimal(4),
      lines: {
        type: 'array',
        items: record('Line', { sku: 'string', price: decimal(4), pieces: 'int' }),
      },
    }),
  );
  await writeFile(path.join(folder, 'medallion.yaml'), '');
  await mkdir(path.join(folder, 'sources'));
  await writeFile(
    path.join(folder, 'sources', 'company.yaml'),
    `version: 1
description: Orders of a company
topics: [${topic}]
order:
  id: orderId
  version_at: { path: changedAt, format: epoch_ms }
  ordered_at: placedAt
  customer: { id: buyer.no, city: buyer.town }
  status: { path: state, lookup: { OPEN: placed, DONE: completed } }
  payment_method: { value: cash }
  currency: { value: EUR }
  subtotal: net
  tax: tax
  shipping: { value: 0 }
  discount: { value: 0 }
  total: computed
items:
  from: lines
  id: sku
  category: { value: unknown }
  unit_price: price
  quantity: pieces
`,
  );
  const long = (number: bigint): number[] => {
    const bytes: number[] = [];
    let rest = BigInt.asUintN(64, (number << 1n) ^ (number >> 63n));
    for (; rest >= 0x80n; rest >>= 7n) {
      bytes.push(Number(rest & 0x7fn) | 0x80);
    }
    return [...bytes, Number(rest)];
  };
  const amount = (unscaled: bigint): number[] => {
    const hex = unscaled.toString(16);
    const bytes = [0, ...Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex')];
    return [...long(BigInt(bytes.length)), ...bytes];
  };
  const text = (value: string): number[] => [...long(BigInt(value.length)), ...Buffer.from(value)];
  const value = Buffer.from([
    ...long(9007199254740993n),
    // 2026-01-03T22:12:43.000001Z, and a day later.
    ...[...long(1767478363000001n), ...long(1767564763000n)],
    ...[2, 2, ...long(820982911946154508n), 2, ...text('Berlin')],
    ...[...amount(98765432109876n), ...amount(19000n)],
    ...[2, ...text('A-1'), ...amount(9876543210987654n), ...long(1n), 0],
  ]);
  await produce(topic, [{ value: framed(id, value) }]);
  await succeed('avro', 'ingest');
  await succeed('avro', 'promote');
  expect(
    await rows(
      `select transaction_id, event_timestamp::text, customer_id,
         order_subtotal, order_tax_amount, order_total_amount
       from silver.fact_transactions`,
    ),
  ).toEqual([
    '9007199254740993|2026-01-04 22:12:43+00|820982911946154508|987654321098.76|1.90|987654321100.66',
  ]);
  expect(
    await rows('select item_id, unit_price, quantity from silver.fact_transaction_items'),
  ).toEqual(['A-1|987654321098.7654|1.000']);
  expect(await rows('select date_key from gold.sales_performance')).toEqual(['2026-01-03']);
});

describe('what cannot be generated', () => {
  test.each(['avro', 'outbox'])('malformed events of %s', async (format) => {
    const { code, stderr } = await run(format, ...GENERATE);
    expect(code).toBe(2);
    expect(stderr).toMatch(/--malformed works only with JSON/);
  });

  test('events by a schema that the topic must not have', async () => {
    await registry.register(`${topic}-value`, {
      ...{ type: 'record', name: 'Other', fields: [{ name: 'n', type: 'int' }] },
    });
    const rule = await fetch(`${registry.url}/config/${topic}-value`, {
      ...{ method: 'PUT', headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' } },
      body: '{"compatibility": "BACKWARD"}',
    });
    expect(rule.ok).toBe(true);
    const { code, stderr } = await run('avro', 'generate', '-n', '10');
    expect(code).toBe(2);
    expect(stderr).toMatch(/rejects POST \/subjects\/.*-value\/versions \(409/);
    expect(stderr).toMatch(/Another schema is registered for the topic/);
  });
});

/** A file is of plain JSON, whatever the topic holds. */
test('a file of events needs no registry', async () => {
  const { code, stdout } = await run('avro', 'generate', '-n', '1', '--to', '-');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toHaveProperty('data.transaction_details');
});
