import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MedallionError } from '../../src/errors.ts';
import { loadModels, type Models } from '../../src/model/load.ts';
import { withClient } from '../../src/postgres/client.ts';
import type { DryRun } from '../../src/promote/dry-run.ts';
import type { PromoteResult } from '../../src/promote/promote.ts';
import { EVERY_FAULT, eventsOf } from '../generate/shop-stream.ts';
import { purchase } from '../support/orders.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import {
  dryRunAll,
  landEvents,
  openTestEngine,
  promoteAll,
  rowOf,
  rowsOf,
} from '../support/promotion.ts';

let db: TestDatabase;

beforeEach(async () => {
  db = await createTestDatabase();
});

afterEach(async () => {
  await db.drop();
});

const MINE = `n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema'`;
const CATALOG = {
  relations: `select c.oid::regclass::text as id, c.relkind, c.relowner::regrole::text as owner,
      (select string_agg(format('%s %s', attname, atttypid), ' ' order by attnum) from pg_attribute
       where attrelid = c.oid) as columns
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where ${MINE} order by 1`,
  triggers: 'select tgname from pg_trigger where not tgisinternal',
  functions: `select p.oid::regprocedure::text as id
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace where ${MINE} order by 1`,
  schemas: `select nspname from pg_namespace n where ${MINE} order by 1`,
  sequences: 'select schemaname, sequencename, last_value from pg_sequences order by 1, 2',
};

/** Everything the database holds: its catalog, the numbers that sequences have handed out, and all rows. */
async function everything(): Promise<Record<string, unknown>> {
  return withClient(db.settings, async (client) => {
    const found: Record<string, unknown> = {};
    for (const [name, sql] of Object.entries(CATALOG)) {
      found[name] = (await client.query(sql)).rows;
    }
    const { rows: tables } = await client.query<{ id: string }>(
      `select c.oid::regclass::text as id from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where c.relkind = 'r' and ${MINE} order by 1`,
    );
    for (const { id } of tables) {
      found[id] = (await client.query(`select t::text as line from ${id} as t order by 1`)).rows;
    }
    return found;
  });
}

/** A dry run that is held to leaving everything as it was. */
async function dry(options: Parameters<typeof dryRunAll>[1] = {}): Promise<DryRun> {
  const before = await everything();
  const result = await dryRunAll(db.settings, options);
  expect(await everything()).toEqual(before);
  return result;
}

/** "new changed removed" of each model, those without any left out. */
function changesOf({ models }: Pick<DryRun, 'models'>): Record<string, string> {
  return Object.fromEntries(
    models
      .map(({ model, changes }): [string, string] => [
        model,
        [changes.new, changes.changed, changes.removed].join(' '),
      ])
      .filter(([, changes]) => changes !== '0 0 0'),
  );
}

function countsOf({ models }: DryRun | PromoteResult): unknown {
  return models.map(({ model, read, written, rejected }) => ({ model, read, written, rejected }));
}

/** What tells the rows of a table apart, and what of them says only where they come from. */
const TABLES: Readonly<Record<string, { readonly sql?: string; readonly key: readonly string[] }>> =
  {
    'silver.fact_transactions': { key: ['transaction_id'] },
    'silver.fact_transaction_lines': {
      sql: 'select * from silver.fact_transaction_items',
      key: ['transaction_id', 'line_number'],
    },
    'silver.discarded_events': { key: ['topic', 'partition', 'offset'] },
    'silver.dim_customers': { key: ['id'] },
    'silver.dim_products': { key: ['id'] },
    'silver.dim_date': { key: ['date_key'] },
    'gold.sales_performance': { key: ['date_key'] },
    'gold.item_category_performance': { key: ['date_key', 'category'] },
    'gold.product_performance': { key: ['date_key', 'item_id'] },
    'gold.product_months': { key: ['month_key', 'item_id'] },
    'gold.geography_performance': { key: ['date_key', 'country', 'city'] },
    'gold.payment_performance': { key: ['date_key', 'payment_method'] },
    'gold.order_performance': { key: ['date_key', 'order_status_id', 'order_currency_id'] },
    'gold.net_sales': { key: ['date_key', 'reporting_currency_id'] },
    'gold.hourly_sales': { key: ['date_key', 'hour'] },
    'gold.customer_days': { key: ['customer_id', 'date_key', 'country', 'city'] },
    'gold.customer_cohorts': { key: ['first_day', 'month_key'] },
    'gold.cohort_retention': { key: ['cohort_month', 'month_key'] },
    'gold.customer_sales': { key: ['customer_id'] },
    'gold.customer_performance': { key: ['customer_id'] },
  };
const ORIGIN = ['transaction_key', 'topic', 'partition', 'offset', 'produced_at', 'run_id'];

/** The rows of each table by their key, as text. */
async function tablesNow(): Promise<Map<string, Map<string, string>>> {
  return withClient(db.settings, async (client) => {
    const tables = new Map<string, Map<string, string>>();
    for (const [table, { sql = `select * from ${table}`, key }] of Object.entries(TABLES)) {
      const { rowCount } = await client.query(
        'select from to_regclass($1) as id where id is not null',
        [table],
      );
      const { rows } =
        rowCount === 0 ? { rows: [] } : await client.query<Record<string, string | null>>(sql);
      tables.set(
        table,
        new Map(
          rows.map((row) => [
            JSON.stringify(key.map((name) => row[name])),
            JSON.stringify(Object.entries(row).filter(([name]) => !ORIGIN.includes(name))),
          ]),
        ),
      );
    }
    return tables;
  });
}

/** "new changed removed" of each table between two looks at it. */
function differences(
  before: Map<string, Map<string, string>>,
  after: Map<string, Map<string, string>>,
): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [table, rows] of after) {
    const old = before.get(table) ?? new Map<string, string>();
    const fresh = [...rows.keys()].filter((key) => !old.has(key)).length;
    const other = [...rows].filter(([key, row]) => old.has(key) && old.get(key) !== row).length;
    const gone = [...old.keys()].filter((key) => !rows.has(key)).length;
    const text = [fresh, other, gone].join(' ');
    if (text !== '0 0 0') {
      found[table] = text;
    }
  }
  return found;
}

/** A dry run, and then the promotion that it was one of: both must say the same, and the tables, too. */
async function dryAndReal(
  options: Parameters<typeof dryRunAll>[1] & Parameters<typeof promoteAll>[1] = {},
): Promise<{ rehearsed: DryRun; promoted: PromoteResult }> {
  const rehearsed = await dry(options);
  const before = await tablesNow();
  const promoted = await promoteAll(db.settings, options);
  expect(countsOf(rehearsed)).toEqual(countsOf(promoted));
  expect(rehearsed.layers).toEqual({
    silver: promoted.silver,
    gold: promoted.gold,
    replay: undefined,
  });
  const counted = ({ checks }: DryRun | PromoteResult): unknown =>
    checks.map(({ rows, ...check }) => ({ ...check, kept: rows.length }));
  expect(counted(rehearsed)).toEqual(counted(promoted));
  expect(changesOf(rehearsed)).toEqual(differences(before, await tablesNow()));
  return { rehearsed, promoted };
}

const A = {
  id: 'a',
  at: '2026-01-01T10:00:00',
  items: [{ id: 'prod_1' }, { id: 'prod_2' }],
};
const B = {
  id: 'b',
  at: '2026-01-01T12:00:00',
  customer: { id: 'cust_2' },
  items: [{ id: 'prod_1' }, { id: 'prod_2' }, { id: 'prod_3' }],
};
const C = { id: 'c', at: '2026-01-02T10:00:00' };
const UNKNOWN_STATUS = { status: 99 };

describe('a fixture worked out by hand', () => {
  // c is corrected in a later batch than the one that brings it: one batch sees what another has written.
  const FIRST = [
    purchase(C),
    purchase(A),
    purchase(B),
    purchase({ ...C, at: '2026-01-02T11:00:00', order: { total_amount: 11.21 } }),
    purchase({ id: 'bad', at: '2026-01-02T10:00:00', order: UNKNOWN_STATUS }),
  ];
  const SECOND = [
    // a loses its second line and is dearer; c moves to another day; b comes again; d is late, of another year.
    purchase({
      ...A,
      at: '2026-01-01T10:30:00',
      items: [{ id: 'prod_1', unit_price: 20 }],
      order: { subtotal: 20, total_amount: 21.2 },
    }),
    purchase({ ...C, at: '2026-01-03T10:00:00' }),
    purchase(B),
    purchase({ id: 'd', at: '2025-12-31T23:00:00', customer: { id: 'cust_3' } }),
    purchase({ id: 'worse', at: '2026-01-02T10:00:00', order: UNKNOWN_STATUS }),
  ];

  test('a first promotion, and then an increment with all that can happen to a row', async () => {
    await landEvents(db.settings, FIRST);
    const first = await dryAndReal({ chunkRows: 2 });
    expect(changesOf(first.rehearsed)).toEqual({
      'silver.fact_transactions': '3 0 0',
      'silver.fact_transaction_lines': '6 0 0',
      'silver.discarded_events': '1 0 0',
      'silver.dim_customers': '2 0 0',
      'silver.dim_products': '3 0 0',
      'silver.dim_date': '365 0 0',
      'gold.sales_performance': '2 0 0',
      'gold.item_category_performance': '2 0 0',
      'gold.product_performance': '4 0 0',
      // All of one month.
      'gold.product_months': '3 0 0',
      'gold.geography_performance': '2 0 0',
      'gold.payment_performance': '2 0 0',
      'gold.customer_days': '3 0 0',
      // cust_1 and cust_2 begin on one day; c is of the same month.
      'gold.customer_cohorts': '1 0 0',
      'gold.hourly_sales': '3 0 0',
      'gold.order_performance': '2 0 0',
      'gold.net_sales': '2 0 0',
      'gold.cohort_retention': '1 0 0',
      'gold.customer_sales': '2 0 0',
      'gold.customer_performance': '2 0 0',
    });
    // c is written twice, and is one new row.
    expect(first.rehearsed.models[0]).toMatchObject({
      ...{ model: 'silver.fact_transactions', read: 5, written: 4, rejected: 1 },
    });
    expect(first.rehearsed.failure).toBeUndefined();

    await landEvents(db.settings, SECOND, { from: 5, producedAt: '2026-02-02T00:00:00Z' });
    const second = await dryAndReal({ chunkRows: 2 });
    expect(second.rehearsed.models[0]).toMatchObject({ read: 5, written: 3, rejected: 1 });
    expect(changesOf(second.rehearsed)).toEqual({
      'silver.fact_transactions': '1 2 0',
      // d; the first of a and that of c, which moved; the second of a.
      'silver.fact_transaction_lines': '1 2 1',
      // What a and c were before, and one of the two of b.
      'silver.discarded_events': '3 0 0',
      // cust_3; cust_1 by its new latest order. That cust_2 has said the same again is no change.
      'silver.dim_customers': '1 1 0',
      'silver.dim_products': '0 1 0',
      'silver.dim_date': '365 0 0',
      'gold.sales_performance': '2 1 1',
      'gold.item_category_performance': '2 1 1',
      'gold.product_performance': '2 2 1',
      // December of d; January of the products of a.
      'gold.product_months': '1 2 0',
      'gold.geography_performance': '2 1 1',
      'gold.payment_performance': '2 1 1',
      'gold.customer_days': '2 1 1',
      'gold.customer_cohorts': '1 1 0',
      'gold.hourly_sales': '2 1 1',
      'gold.order_performance': '2 1 1',
      'gold.net_sales': '2 1 1',
      'gold.cohort_retention': '1 1 0',
      'gold.customer_sales': '1 1 0',
      // The latest order is a day later, so that of cust_2 is a day longer ago.
      'gold.customer_performance': '1 2 0',
    });
    expect(second.rehearsed.layers?.gold).toEqual({
      days: ['2025-12-31', '2026-01-01', '2026-01-02', '2026-01-03'],
      restated: 2,
    });

    expect((await dry()).models).toEqual([]);
  });
});

describe('the dry run says what the promotion then does', () => {
  test('of a stream with every fault, in many batches, twice', async () => {
    // What is not text never reaches bronze.events.
    const events = eventsOf(300, EVERY_FAULT)
      .filter(({ value }) => isUtf8(value) && !value.includes(0))
      .map(({ value }) => value.toString());
    await landEvents(db.settings, events.slice(0, 150));
    await dryAndReal({ chunkRows: 60 });
    await landEvents(db.settings, events.slice(150), { from: 150 });
    const { promoted } = await dryAndReal({ chunkRows: 60 });
    expect(promoted.silver).toMatchObject({ events: events.length - 150 });
    expect(promoted.silver?.rejected).toBeGreaterThan(0);
    expect(promoted.silver?.superseded).toBeGreaterThan(0);
  });

  test('of odd text, and of an event larger than any line that DuckDB expects', async () => {
    const odd = ['unicode', 'rejected', 'exact-amounts'].flatMap((name) =>
      readFileSync(`fixtures/${name}.ndjson`, 'utf8').split('\n'),
    );
    const quoted = purchase({
      id: 'q',
      at: '2026-01-01T10:00:00',
      customer: { city: '"a",\n\\N' },
    });
    const spaced = JSON.stringify(JSON.parse(quoted), undefined, 1).replace('"q"', '"r"');
    const padded = JSON.stringify({
      ...(JSON.parse(purchase({ id: 'large', at: '2026-01-01T10:00:00' })) as object),
      padding: '"\n'.repeat(1_500_000),
    });
    await landEvents(db.settings, [
      ...odd.filter((line) => line !== ''),
      ...[quoted, spaced, spaced.replaceAll('\n', '\r\n').replace('"r"', '"s"'), padded, ''],
    ]);
    const { promoted } = await dryAndReal({ chunkRows: 20 });
    expect(promoted.silver?.rejected).toBeGreaterThan(10);
    expect(
      await rowsOf(
        db.settings,
        `select transaction_id, customer_city from silver.fact_transactions
         where transaction_id in ('q', 'r', 's', 'large') order by 1`,
      ),
    ).toEqual(
      ['large', 'q', 'r', 's'].map((id) => ({
        transaction_id: id,
        customer_city: id === 'large' ? 'Berlin' : '"a",\n\\N',
      })),
    );
  });

  test('of one layer, and of days that are asked for', async () => {
    await landEvents(db.settings, [purchase(A), purchase(B), purchase(C)]);
    const silver = changesOf(await dry({ gold: false }));
    expect(silver['silver.fact_transactions']).toBe('3 0 0');
    expect(Object.keys(silver).filter((id) => id.startsWith('gold'))).toEqual([]);

    await promoteAll(db.settings);
    await rowsOf(db.settings, 'delete from gold.sales_performance');
    const span = { since: '2026-01-02', until: '2026-01-02' };
    const gold = await dry({ silver: false, span });
    expect(gold.layers).toMatchObject({ silver: undefined, gold: { days: ['2026-01-02'] } });
    expect(changesOf(gold)).toEqual({ 'gold.sales_performance': '1 0 0' });
  });

  test('of a mart that gets a column, which its table does not keep', async () => {
    await landEvents(db.settings, [purchase(A), purchase(C)]);
    await promoteAll(db.settings);
    const { silver, gold } = loadModels();
    const share = { name: 'share', type: 'numeric(22,4)', nullable: true, description: 'A share' };
    const models = {
      silver,
      gold: gold.map((model) =>
        model.id === 'gold.product_performance'
          ? {
              ...model,
              columns: [...model.columns, share],
              sql: model.sql.replace('sum(quantity) as units,', '$& 0.25 as share,'),
            }
          : model,
      ),
    };
    const result = await dry({ models });
    expect(result.layers?.gold?.days).toEqual(['2026-01-01', '2026-01-02']);
    expect(changesOf(result)).toEqual({ 'gold.product_performance': '0 3 0' });
  });

  test('of a silver that is being rebuilt, with rejected events that it judges again', async () => {
    await landEvents(db.settings, [
      purchase(A),
      purchase({ id: 'bad', at: '2026-01-02T10:00:00', order: UNKNOWN_STATUS }),
    ]);
    await promoteAll(db.settings);
    await rowsOf(db.settings, `insert into silver.dim_order_status values (99, 'lost')`);
    // As a full refresh that was stopped leaves it.
    await rowsOf(
      db.settings,
      `truncate silver.fact_transactions, silver.fact_transaction_lines, medallion.watermarks;`,
    );
    await rowsOf(db.settings, `insert into medallion.refreshes values ('silver', 1)`);
    const { rehearsed } = await dryAndReal();
    expect(changesOf(rehearsed)).toMatchObject({ 'silver.fact_transactions': '2 0 0' });
    expect(await rowOf(db.settings, 'select action from bronze.quarantine_history')).toEqual({
      action: 'replayed',
    });
  });
});

/** The models with one more check of a mart. */
function withCheck(severity: 'warn' | 'error'): Models {
  const { silver, gold } = loadModels();
  const check = { name: 'two orders a day', that: 'total_orders >= 2', severity } as const;
  return {
    silver,
    gold: gold.map((model) =>
      model.id === 'gold.sales_performance'
        ? { ...model, checks: [...model.checks, check as (typeof model.checks)[number]] }
        : model,
    ),
  };
}

describe('checks', () => {
  test('a warning is a result; an error ends where the promotion would, with gold as it was', async () => {
    await landEvents(db.settings, [purchase(A), purchase(B), purchase(C)]);
    const warned = await dry({ models: withCheck('warn') });
    expect(warned.failure).toBeUndefined();
    expect(warned.checks.find(({ name }) => name === 'two orders a day')).toMatchObject({
      ...{ severity: 'warn', outcome: 'warn', failing: 1, checked: 2 },
    });

    const failed = await dry({ models: withCheck('error') });
    expect(failed.failure).toMatchObject({
      exitCode: 4,
      message: expect.stringContaining('1 of 2 rows fail the check "two orders a day"') as string,
      hint: expect.stringContaining('leave gold unchanged') as string,
    });
    expect(failed.checks.find(({ name }) => name === 'two orders a day')).toMatchObject({
      ...{ outcome: 'error', failing: 1 },
      rows: [expect.objectContaining({ date_key: '2026-01-02', total_orders: '1' }) as unknown],
    });
    const changes = changesOf(failed);
    expect(changes['silver.fact_transactions']).toBe('3 0 0');
    expect(Object.keys(changes).filter((id) => id.startsWith('gold'))).toEqual([]);
    await expect(promoteAll(db.settings, { models: withCheck('error') })).rejects.toMatchObject({
      code: 'check_failed',
      message: failed.failure?.message,
    });
  });
});

describe('beside others', () => {
  test('ingest goes on, readers see the tables as they are, and a promotion hears who holds the lock', async () => {
    await landEvents(db.settings, [purchase(A)]);
    await promoteAll(db.settings);
    await landEvents(db.settings, [purchase(C)], { from: 1 });
    let sessions = 0;
    let second: unknown;
    const result = await dryRunAll(db.settings, {
      holder: 'dry run, process 77',
      openEngine: async (held) => {
        const engine = await openTestEngine(db.settings, held);
        return {
          ...engine,
          openSession: async () => {
            sessions += 1;
            // The third is gold's: silver is written by now, and nobody else sees it.
            if (sessions === 3) {
              await landEvents(db.settings, [purchase(B)], { from: 2 });
              await withClient(db.settings, async (client) => {
                await client.query(`set lock_timeout = '5s'`);
                const { rows } = await client.query(
                  'select count(*) as n from silver.fact_transactions',
                );
                expect(rows).toEqual([{ n: '1' }]);
              });
              second = await promoteAll(db.settings).catch((error: unknown) => error);
            }
            return engine.openSession();
          },
        };
      },
    });
    expect(second).toBeInstanceOf(MedallionError);
    expect(second).toMatchObject({
      code: 'locked',
      message: expect.stringContaining('dry run, process 77') as unknown,
    });
    expect(result.layers?.silver).toMatchObject({ events: 1 });
    expect(await promoteAll(db.settings)).toMatchObject({ silver: { events: 2 } });
  });
});

test('a schema that is not up to date is left as it is, and said to be missing', async () => {
  await rowsOf(db.settings, 'delete from medallion.migrations where number = 6');
  const before = await everything();
  await expect(dryRunAll(db.settings)).rejects.toMatchObject({
    code: 'config',
    message: expect.stringContaining('it lacks 006_') as unknown,
    hint: expect.stringContaining('medallion db migrate') as unknown,
  });
  expect(await everything()).toEqual(before);
});
