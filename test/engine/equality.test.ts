import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { archive } from '../../src/maintain/archive.ts';
import { loadModels } from '../../src/model/load.ts';
import { withClient } from '../../src/postgres/client.ts';
import { readSource } from '../../src/source/read.ts';
import { EVERY_FAULT, eventsOf } from '../generate/shop-stream.ts';
import { Dice, mutate } from '../support/mutations.ts';
import { purchase } from '../support/orders.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import {
  answersOf,
  landEvents,
  openTestEngine,
  promoteAll,
  quietContext,
  rowOf,
  rowsOf,
  textsOf,
  useEngine,
  type EngineName,
} from '../support/promotion.ts';

/** Whatever DuckDB makes of events, Spark's protocol makes the same of them. Sail stands for Spark. */
useEngine('sail');

let databases: TestDatabase[] = [];

beforeEach(() => {
  databases = [];
});

afterEach(async () => {
  for (const db of databases) {
    await db.drop();
  }
});

async function newWarehouse(): Promise<TestDatabase> {
  const db = await createTestDatabase();
  databases.push(db);
  return db;
}

/** What says when, and by which run, a row was written. */
const OF_THE_RUN = /^(?:run_id|quarantined_at|resolved_at|restated_at)$/;

const { silver, gold } = loadModels();
const TABLES = [
  ...[...silver, ...gold].map(({ id }) => id),
  ...['gold.restatements', 'bronze.quarantine'],
];

/** Every row of silver, gold and the quarantine, with every column but those that tell one run from another. */
async function everything(db: TestDatabase): Promise<Record<string, unknown>> {
  const columns = await rowsOf(
    db.settings,
    `select format('%I.%I', table_schema, table_name) as id, column_name as name
     from information_schema.columns
     order by ordinal_position`,
  );
  return withClient(db.settings, async (client) => {
    const rows: Record<string, unknown> = {};
    for (const id of TABLES) {
      const names = columns
        .filter((column) => column.id === id && !OF_THE_RUN.test(String(column.name)))
        .map(({ name }) => `"${String(name)}"`);
      const order = names.map((_, index) => String(index + 1)).join(', ');
      const list = names.map((name) => `${name}::text`).join(', ');
      rows[id] = (await client.query(`select ${list} from ${id} order by ${order}`)).rows;
    }
    return rows;
  });
}

/** Lands some events and promotes them, part by part, each by an engine. */
async function promoted(
  parts: readonly (readonly string[])[],
  engineOf: (part: number) => EngineName,
  chunkRows: number,
): Promise<TestDatabase> {
  const db = await newWarehouse();
  let from = 0;
  for (const [index, events] of parts.entries()) {
    const producedAt = new Date(Date.UTC(2026, 2, 1 + index)).toISOString();
    await landEvents(db.settings, events, { from, producedAt });
    from += events.length;
    await promoteAll(db.settings, { chunkRows, engine: engineOf(index) });
  }
  return db;
}

const stream = textsOf(eventsOf(900, EVERY_FAULT).map(({ value }) => value));
const parts = [stream.slice(0, 400), stream.slice(400, 650), stream.slice(650)];

describe('an engine that speaks the protocol of Spark', () => {
  test('leaves the rows that DuckDB leaves, surrogate keys included, of events with every fault', async () => {
    const [expected, found] = [
      await promoted(parts, () => 'duckdb', 300),
      await promoted(parts, () => 'sail', 300),
    ];
    const rows = await everything(found);
    expect(rows).toEqual(await everything(expected));
    expect(rows['bronze.quarantine']).not.toEqual([]);
    expect(rows['silver.discarded_events']).not.toEqual([]);
    expect(rows['gold.customer_performance']).not.toEqual([]);
  });

  test('goes on where DuckDB has been, and DuckDB where it has been', async () => {
    const expected = await promoted(parts, () => 'duckdb', 1000);
    for (const first of ['duckdb', 'sail'] as const) {
      const second = first === 'sail' ? 'duckdb' : 'sail';
      const mixed = await promoted(parts, (part) => (part % 2 === 0 ? first : second), 1000);
      expect(await answersOf(mixed.settings)).toEqual(await answersOf(expected.settings));
    }
  });

  test('makes everything again from bronze as DuckDB does', async () => {
    const db = await promoted(parts, () => 'duckdb', 1000);
    const before = await answersOf(db.settings);
    await promoteAll(db.settings, { fullRefresh: true, engine: 'sail' });
    expect(await answersOf(db.settings)).toEqual(before);
  });

  test('fills silver in many batches as DuckDB does, each event of a transaction in another one', async () => {
    const sale = (n: number, total: number): string =>
      purchase({
        id: `t${String(n)}`,
        at: `2026-01-0${String(1 + (n % 3))}T10:${String(n).padStart(2, '0')}:00`,
        order: { total_amount: total },
        items: [{}, { id: `prod_${String(n % 4)}` }],
      });
    const events = [
      ...Array.from({ length: 30 }, (_, n) => sale(n, n)),
      ...Array.from({ length: 10 }, (_, n) => sale(3 * n, 3 * n)),
      ...Array.from({ length: 6 }, (_, n) => sale(5 * n, 100 + n)),
      'no event',
    ];
    const [expected, found, whole] = [
      await promoted([events], () => 'duckdb', 8),
      await promoted([events], () => 'sail', 8),
      await promoted([events], () => 'duckdb', 1000),
    ];
    const rows = await everything(found);
    expect(rows).toEqual(await everything(expected));
    expect(rows['silver.discarded_events']).toHaveLength(16);
    expect(await answersOf(found.settings)).toEqual(await answersOf(whole.settings));
  });

  test('leaves the rows that DuckDB leaves of records of a source, between events of the contract', async () => {
    const mapping = /```yaml\n([\s\S]*?)```/.exec(readFileSync('docs/sources.md', 'utf8'))?.[1];
    const shop = readSource(
      `${mapping ?? ''}\nwhere: { test: [false, ''] }\n`,
      'sources/shop.yaml',
      [],
    );
    const record = (n: number, more: Readonly<Record<string, unknown>> = {}): string =>
      JSON.stringify({
        ...{ id: n, updated_at: `2026-01-0${String(1 + (n % 9))}T10:00:00+01:00`, currency: 'eur' },
        ...{ customer: { id: n % 7 }, financial_status: 'paid', payment_gateway_names: ['stripe'] },
        ...{ total_line_items_price: '20.00', total_tax: n, shipping_lines: [{ price: '2.5' }] },
        ...{ total_discounts: 0, line_items: [{ sku: 'A', price: '10.005', quantity: 2 }] },
        ...more,
      });
    const records = [
      ...Array.from({ length: 40 }, (_, n) => record(n)),
      ...Array.from({ length: 9 }, (_, n) => record(3 * n)),
      ...Array.from({ length: 9 }, (_, n) => record(2 * n, { total_tax: 1e21, note: '\\u0007' })),
      ...Array.from({ length: 9 }, (_, n) => record(4 * n, { updated_at: '2026-02-01 10:00', n })),
      ...[record(100, { test: true }), record(101, { currency: 'shells' }), '{', record(0)],
    ];
    const [first, second] = [records.slice(0, 45), records.slice(45)];
    const promotedBy = async (engine: EngineName): Promise<TestDatabase> => {
      const db = await newWarehouse();
      const sources = shop && new Map([['shop', shop]]);
      for (const [index, part] of [first, second].entries()) {
        const from = index * first.length;
        await landEvents(db.settings, part, { topic: 'shop.orders', from });
        await landEvents(db.settings, stream.slice(20 * index, 20 * index + 20), {
          ...{ topic: index === 0 ? 'a' : 'z', from: 0 },
        });
        await promoteAll(db.settings, {
          ...{ chunkRows: 40, engine },
          ...(sources && { sources }),
        });
      }
      return db;
    };
    const rows = await everything(await promotedBy('sail'));
    expect(rows).toEqual(await everything(await promotedBy('duckdb')));
    expect(rows['bronze.quarantine']).not.toEqual([]);
    expect(rows['silver.discarded_events']).not.toEqual([]);
    expect(JSON.stringify(rows['silver.fact_transactions'])).toContain('"shop.orders"');
  });

  test('says of mutilated events what DuckDB and the judge say', async () => {
    const dice = new Dice(20_261_129);
    const originals = stream.slice(0, 60).map((text) => Buffer.from(text));
    const odd = textsOf(Array.from({ length: 1500 }, () => mutate(dice, originals).event));
    expect(odd.length).toBeGreaterThan(1000);
    const [expected, found] = [
      await promoted([odd], () => 'duckdb', 5000),
      await promoted([odd], () => 'sail', 5000),
    ];
    expect(await everything(found)).toEqual(await everything(expected));
  });

  test('knows a repeat from a correction whichever engine saw the event first', async () => {
    const order = (total: number, at = '2026-01-05T10:00:00'): string =>
      purchase({ id: 'a', at, order: { total_amount: total } });
    const events = [
      [order(1)],
      [order(1)],
      [order(2, '2026-01-06T10:00:00')],
      [order(1), order(2, '2026-01-06T10:00:00')],
    ];
    const outcomes = [];
    for (const engineOf of [
      (part: number) => (part % 2 === 0 ? 'duckdb' : 'sail'),
      (part: number) => (part % 2 === 0 ? 'sail' : 'duckdb'),
    ] as const) {
      const db = await promoted(events, engineOf, 100);
      outcomes.push(
        await rowsOf(
          db.settings,
          'select outcome, count(*) from silver.discarded_events group by outcome order by outcome',
        ),
      );
    }
    const expected = [
      { outcome: 'duplicate', count: '3' },
      { outcome: 'superseded', count: '1' },
    ];
    expect(outcomes).toEqual([expected, expected]);
  });
});

describe('events of the archive', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'medallion-archive-'));
  });

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  test('are read where they lie, beside those of bronze, as DuckDB reads them', async () => {
    const [expected, found] = [
      await promoted(parts, () => 'duckdb', 1000),
      await promoted(parts.slice(0, 2), () => 'duckdb', 1000),
    ];
    await archive(
      found.settings,
      () => openTestEngine(found.settings),
      {
        ...{ before: '2100-01-01', archive: folder, fileRows: 300 },
        ...{ arguments: [], holder: 'a test' },
      },
      quietContext(),
    );
    expect(await rowOf(found.settings, 'select count(*) as left from bronze.events')).toEqual({
      left: '0',
    });
    const [, , last = []] = parts;
    const producedAt = new Date(Date.UTC(2026, 2, 3)).toISOString();
    await landEvents(found.settings, last, { from: 650, producedAt });
    await promoteAll(found.settings, { fullRefresh: true, chunkRows: 400, engine: 'sail' });
    expect(await answersOf(found.settings)).toEqual(await answersOf(expected.settings));
  });
});

describe('a batch of which little or nothing is left', () => {
  const good = purchase({ id: 'good', at: '2026-01-05T10:00:00' });
  const doubtful = purchase({ id: 'doubtful', at: '2026-01-05T10:00' });
  test.each([
    ['only rejected events', ['no event', '{}', '[]']],
    ['only events that the judge accepts', [doubtful.replace('10:00"', '10:00:00 Z"')]],
    ['one good event and one rejected', [good, 'no event']],
    [
      'an exponent without end and more digits than any type holds',
      [good.replace('11.2', '1e2000000'), good.replace('11.2', '9'.repeat(100_000)), good],
    ],
    ['an event of 5 MB', [good.replace('{"data"', `{"note":"${'x'.repeat(5_000_000)}","data"`)]],
    [
      'an order of 10,000 lines',
      [
        purchase({
          id: 'long',
          at: '2026-01-05T10:00:00',
          items: Array.from({ length: 10_000 }, (_, n) => ({ id: `p${String(n)}` })),
        }),
      ],
    ],
  ])('is read as by DuckDB: %s', async (_, events) => {
    const [expected, found] = [
      await promoted([events], () => 'duckdb', 100),
      await promoted([events], () => 'sail', 100),
    ];
    expect(await everything(found)).toEqual(await everything(expected));
  });
});
