import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Manifest } from '../../../src/generate/generate.ts';
import { readManifest, SHOP } from '../../e2e/warehouse.ts';
import { runCommand, type CliResult } from '../../support/cli.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { rowOf, rowsOf } from '../../support/promotion.ts';
import { runReconcile, type Reconciled } from '../../support/reconcile.ts';

// Many processes, one after the other, on a machine that may be busy.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const COUNT = 2000;
const PARTITIONS = 3;

let folder: string;
let manifest: Manifest;
let db: TestDatabase;

const options = () => ({
  cwd: folder,
  env: { DATABASE_URL: db.url, MEDALLION_HOME: path.join(folder, 'home') },
});

async function medallion(...args: string[]): Promise<CliResult> {
  const result = await runCommand(args, options());
  expect(result, args.join(' ')).toMatchObject({ code: 0 });
  return result;
}

const reconcile = (...args: string[]): Promise<Reconciled> => runReconcile(args, options());

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'medallion-reconcile-'));
  db = await createTestDatabase();
  const partitions = ['--partitions', String(PARTITIONS)];
  const args = ['-n', String(COUNT), ...SHOP, ...partitions, '--manifest', 'answers.json'];
  await medallion('generate', ...args);
  manifest = await readManifest(path.join(folder, 'answers.json'));
});

afterAll(async () => {
  await db.drop();
  await rm(folder, { recursive: true, force: true });
});

/** Events that the generator says ingest has to refuse, and silver. */
function refused(layer: 'bronze' | 'silver'): number {
  return Object.values(manifest[layer].quarantined).reduce<number>(
    (sum, count) => sum + Number(count),
    0,
  );
}

describe('a stream with every kind of fault, through the landing directory', () => {
  test('what is not taken yet is waiting, layer by layer, and no difference', async () => {
    const nothingRead = await reconcile();
    expect(nothingRead).toMatchObject({ code: 0, different: [] });
    expect(nothingRead.sum('log-to-bronze', 'waiting')).toBe(COUNT);
    expect(nothingRead.sum('log-to-bronze', 'found')).toBe(0);

    await medallion('ingest', '--max-messages', '500');
    await medallion('ingest');
    const landed = await reconcile();
    expect(landed).toMatchObject({ code: 0, different: [] });
    expect(landed.lines.filter(({ check }) => check === 'log-to-bronze')).toHaveLength(PARTITIONS);
    expect(landed.sum('log-to-bronze', 'expected')).toBe(COUNT);
    expect(landed.sum('log-to-bronze', 'found')).toBe(manifest.bronze.events + refused('bronze'));
    expect(landed.sum('bronze-to-silver', 'waiting')).toBe(manifest.bronze.events);

    await medallion('promote', '--layer', 'silver');
    const promoted = await reconcile();
    expect(promoted).toMatchObject({ code: 0, different: [] });
    expect(promoted.sum('bronze-to-silver', 'found')).toBe(manifest.bronze.events);
    expect(promoted.sum('bronze-to-silver', 'waiting')).toBe(0);
    expect(promoted.sum('silver-to-gold', 'waiting', 'orders')).toBe(manifest.silver.transactions);
  });

  test('promoted, every layer holds what the generator promised', async () => {
    await medallion('promote');
    const result = await reconcile();
    expect(result).toMatchObject({ code: 0, different: [] });
    expect(result.stderr).toContain('nothing lost, nothing doubled');
    const { duplicates, superseded, transactions, sums } = manifest.silver;
    expect(transactions + duplicates + superseded + refused('silver')).toBe(manifest.bronze.events);
    expect(result.sum('bronze-to-silver', 'expected')).toBe(manifest.bronze.events);
    expect(result.sum('silver-to-gold', 'found', 'orders')).toBe(transactions);
    for (const [measure, sum] of [
      ['total', 'order_total_amount'],
      ['subtotal', 'order_subtotal'],
      ['tax', 'order_tax_amount'],
      ['discount', 'order_discount_amount'],
    ] as const) {
      expect(result.sum('silver-to-gold', 'found', measure), measure).toBe(Number(sums[sum]));
    }
    expect(result.lines.filter(({ result }) => result === 'waiting')).toEqual([]);
  });

  test('since a time, only what was ingested since is compared', async () => {
    const { now } = await rowOf(
      db.settings,
      `select to_char(max(ingested_at) + interval '1 ms', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as now
       from bronze.events`,
    );
    const file = path.join(folder, 'home/landing/sales/1.ndjson');
    const [first = ''] = (await readFile(file, 'latin1')).split('\n');
    await appendFile(file, `${first}\n{"broken"\n`, 'latin1');
    await medallion('ingest');
    await medallion('promote');
    const result = await reconcile('--since', now ?? '');
    expect(result).toMatchObject({ code: 0, different: [] });
    expect(result.sum('bronze-to-silver', 'found')).toBe(2);
    expect(result.lines.find(({ scope }) => scope === 'landing/sales/1')?.note).toContain(
      'from offset',
    );
    await appendFile(file, '\n');
    await medallion('ingest');
    // The blank line is an offset without an event, and named as that.
    const whole = await reconcile();
    expect(whole).toMatchObject({ code: 0, different: [] });
    expect(whole.sum('log-to-bronze', 'expected')).toBe(COUNT + 2);
    expect(whole.lines.find(({ scope }) => scope === 'landing/sales/1')?.note).toContain(
      '1 offset passed without an event (blank lines)',
    );
  });
});

interface Breakage {
  readonly name: string;
  /** Statements that break the warehouse, and that mend it. */
  readonly sql: readonly string[];
  readonly mend: readonly string[];
  /** Lines that differ, and what the notes must say of them. */
  readonly different: readonly string[];
  readonly says: RegExp;
}

/** A current event of partition 0, and one that was discarded. */
const CURRENT = `topic = 'landing/sales' and partition = 0 and "offset" = (
  select min("offset") from silver.fact_transactions where partition = 0)`;
const DISCARDED = `topic = 'landing/sales' and partition = 0 and "offset" = (
  select min("offset") from silver.discarded_events where partition = 0)`;

const BREAKAGES: readonly Breakage[] = [
  {
    name: 'a row of bronze is deleted',
    sql: [
      `create table public.kept as select * from bronze.events where ${CURRENT}`,
      `delete from bronze.events where ${CURRENT}`,
    ],
    mend: ['insert into bronze.events select * from public.kept', 'drop table public.kept'],
    different: [
      'log-to-bronze landing/sales/0 events -1',
      'bronze-to-silver landing/sales/0 events 1',
    ],
    says: /1 event missing: without an event are offsets (\d+)[^]*1 event in silver but not in bronze: offsets \1\b/,
  },
  {
    name: 'a fact is deleted',
    sql: [
      `create table public.kept as select * from silver.fact_transactions where ${CURRENT}`,
      `delete from silver.fact_transactions where ${CURRENT}`,
    ],
    mend: [
      'insert into silver.fact_transactions select * from public.kept',
      'drop table public.kept',
    ],
    different: [
      'bronze-to-silver landing/sales/0 events -1',
      'silver-to-gold DAY discount',
      'silver-to-gold DAY orders 1',
      'silver-to-gold DAY subtotal',
      'silver-to-gold DAY tax',
      'silver-to-gold DAY total',
    ],
    says: /1 event nowhere in silver: offsets \d+/,
  },
  {
    name: 'a discarded event is also in silver twice',
    sql: [
      `insert into silver.fact_transactions
       select (f).* from (
         select jsonb_populate_record(f, jsonb_build_object(
           'transaction_key', 5, 'transaction_id', 'made up', 'event_type', 'refund',
           'offset', (select min("offset") from silver.discarded_events where partition = 0))) as f
         from silver.fact_transactions f where ${CURRENT}) as made`,
    ],
    mend: [`delete from silver.fact_transactions where transaction_id = 'made up'`],
    different: ['bronze-to-silver landing/sales/0 events 1'],
    says: /1 event accounted for more than once: offsets \d+/,
  },
  {
    name: 'a row of discarded_events is doubled at a place that bronze does not have',
    sql: [
      `insert into silver.discarded_events
       select (d).* from (
         select jsonb_populate_record(d, '{"offset": 999999999999}') as d
         from silver.discarded_events d where ${DISCARDED}) as made`,
    ],
    mend: ['delete from silver.discarded_events where "offset" = 999999999999'],
    different: ['bronze-to-silver landing/sales/0 events 1'],
    says: /1 event in silver but not in bronze: offsets 999999999999/,
  },
  {
    name: 'one event is lost and another one doubled, so that the counts agree',
    sql: [
      `create table public.kept as select "offset" from silver.discarded_events where ${DISCARDED}`,
      `update silver.discarded_events set "offset" = (
         select min("offset") from silver.fact_transactions where partition = 0) where ${DISCARDED}`,
    ],
    mend: [
      `update silver.discarded_events d set "offset" = (select "offset" from public.kept)
       where topic = 'landing/sales' and partition = 0 and "offset" = (
         select min("offset") from silver.fact_transactions where partition = 0)`,
      'drop table public.kept',
    ],
    different: ['bronze-to-silver landing/sales/0 places -1'],
    says: /1 event nowhere in silver[^]*1 event accounted for more than once/,
  },
  {
    name: 'a total of gold is changed by a cent',
    sql: [
      `update gold.sales_performance set order_total_amount_day = order_total_amount_day + 0.01
       where date_key = '2026-01-20'`,
    ],
    mend: [
      `update gold.sales_performance set order_total_amount_day = order_total_amount_day - 0.01
       where date_key = '2026-01-20'`,
    ],
    different: ['silver-to-gold 2026-01-20 total 0.01'],
    says: /promote --layer gold --since DAY/,
  },
  {
    name: 'gold has a day that silver has not',
    sql: [
      `insert into gold.sales_performance
       select (g).* from (
         select jsonb_populate_record(g, '{"date_key": "1999-12-31", "total_orders": 3, "order_subtotal_day": 0,
           "order_tax_amount_day": 0, "order_discount_amount_day": 0, "order_total_amount_day": 0}') as g
         from gold.sales_performance g limit 1) as made`,
    ],
    mend: [`delete from gold.sales_performance where date_key = '1999-12-31'`],
    different: ['silver-to-gold 1999-12-31 orders 3'],
    says: /1999-12-31: orders 3 of 0/,
  },
  {
    name: 'a quarantined event is deleted',
    sql: [
      `create table public.kept as select * from bronze.quarantine where stage = 'ingest' limit 1`,
      `delete from bronze.quarantine where (topic, partition, "offset") in (
         select topic, partition, "offset" from public.kept)`,
    ],
    mend: ['insert into bronze.quarantine select * from public.kept', 'drop table public.kept'],
    different: ['log-to-bronze PARTITION events -1'],
    says: /1 event missing/,
  },
];

test.each(BREAKAGES)('$name: found, named, and exit code 4', async (breakage) => {
  for (const statement of breakage.sql) {
    await rowsOf(db.settings, statement);
  }
  const broken = await reconcile();
  for (const statement of breakage.mend) {
    await rowsOf(db.settings, statement);
  }
  expect(broken.code, broken.stderr).toBe(4);
  const days = (await rowsOf(db.settings, 'select date_key from gold.sales_performance')).map(
    ({ date_key }) => String(date_key),
  );
  const plain = broken.different
    .map((line) =>
      days.some((day) => line.includes(day)) && breakage.name === 'a fact is deleted'
        ? line.replace(/\d{4}-\d\d-\d\d/, 'DAY').replace(/ \d+\.\d+$|(?<=t|x|l) \d+$/, '')
        : line,
    )
    .map((line) =>
      breakage.name.startsWith('a quarantined') ? line.replace(/landing\S+/, 'PARTITION') : line,
    );
  expect([...plain].sort()).toEqual([...breakage.different].sort());
  expect(broken.stderr).toMatch(breakage.says);
  expect(broken.stderr).toMatch(new RegExp(`^error: ${String(plain.length)} difference`, 'm'));
  expect(await reconcile()).toMatchObject({ code: 0, different: [] });
});
