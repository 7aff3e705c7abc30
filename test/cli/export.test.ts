import { DuckDBInstance } from '@duckdb/node-api';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { withClient } from '../../src/postgres/client.ts';
import { runCommand, type CliResult } from '../support/cli.ts';
import { purchase } from '../support/orders.ts';
import { createTestDatabase, urlOf, type TestDatabase } from '../support/postgres.ts';
import { landEvents, promoteAll } from '../support/promotion.ts';

// Several processes each, on a machine that may be busy.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let db: TestDatabase;
let folder: string;
const role = `export_${String(process.pid)}`;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'medallion-export-'));
  db = await createTestDatabase();
  await landEvents(db.settings, [
    purchase({ id: 't1', at: '2026-01-01T23:59:59.5', order: { total_amount: '999999999999.10' } }),
    purchase({ id: 't2', at: '2026-01-02T10:00:00', order: { total_amount: 11.2 } }),
    purchase({
      ...{ id: 't3', at: '2026-01-02T11:00:00', order: { total_amount: 0.1 } },
      items: [{ id: '=prod', category: '@SUM(A1)' }, { id: '-12.50' }],
    }),
  ]);
  await promoteAll(db.settings);
});

afterAll(async () => {
  await db.drop();
  await rm(folder, { recursive: true, force: true });
});

const runExport = (args: readonly string[], url = db.url): Promise<CliResult> =>
  runCommand(['export', ...args], { cwd: folder, env: { DATABASE_URL: url } });

/** Rows that DuckDB reads from files, each value as text. */
async function read(sql: string): Promise<string[][]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run("set timezone = 'UTC'");
  const rows = (await connection.runAndReadAll(sql)).getRows();
  connection.closeSync();
  instance.closeSync();
  return rows.map((row) => row.map(String));
}

test('a table as Parquet, decimals and types kept, and nothing is replaced unasked', async () => {
  expect(await runExport(['sales_performance', '--to', 'parquet'])).toMatchObject({ code: 0 });
  const file = path.join(folder, 'sales_performance.parquet');
  const rows = await read(
    `select date_key::text, total_orders, order_total_amount_day, avg_ticket, typeof(order_total_amount_day)
     from '${file}' order by 1`,
  );
  expect(rows).toEqual([
    ['2026-01-01', '1', '999999999999.10', '999999999999.1000', 'DECIMAL(38,2)'],
    ['2026-01-02', '2', '11.30', '5.6500', 'DECIMAL(38,2)'],
  ]);
  const again = await runExport(['gold.sales_performance', '--to', 'parquet']);
  expect(again.code).toBe(2);
  expect(again.stderr).toContain('already exists');
  const forced = ['sales_performance', '--to', 'parquet', '--force', '--until', '2026-01-01'];
  expect(await runExport(forced)).toMatchObject({ code: 0 });
  expect(await read(`select count(*) from '${file}'`)).toEqual([['1']]);
  expect((await readdir(folder)).filter((name) => name.includes('partial'))).toEqual([]);
});

test('CSV and JSON to stdout, every digit, times in UTC', async () => {
  const sales = ['sales_performance', '--out', '-', '--since', '2026-01-01'];
  const csv = await runExport([...sales, '--to', 'csv']);
  expect(csv.stdout.split('\n')[1]).toMatch(/^2026-01-01,1,.*,999999999999\.10,/);
  const facts = await runExport(['fact_transactions', '--out', '-', '--to', 'json']);
  const lines = facts.stdout.trimEnd().split('\n');
  expect(lines).toHaveLength(3);
  expect(lines[0]).toContain('"order_total_amount":999999999999.10,');
  expect(lines[0]).toContain('"event_timestamp":"2026-01-01 23:59:59.5+00"');
});

test('CSV for spreadsheets: no text is a formula, numbers stay numbers, the rest stays as it was', async () => {
  const args = ['dim_products', '--to', 'csv', '--out', '-'];
  const plain = await runExport(args);
  expect(plain.stdout).toMatch(/^=prod,.*@SUM\(A1\)/m);
  const escaped = await runExport([...args, '--escape-formulas']);
  expect(escaped).toMatchObject({ code: 0, stderr: '' });
  expect(escaped.stdout).toBe(
    plain.stdout.replace(/^=prod,/m, "'=prod,").replace('@SUM(A1)', "'@SUM(A1)"),
  );
  expect(escaped.stdout.match(/^-12\.50,/m)).not.toBeNull();
  const refused = await runExport(['dim_products', '--to', 'json', '--escape-formulas']);
  expect(refused).toMatchObject({ code: 2 });
  expect(refused.stderr).toContain('--escape-formulas works only with csv');
});

test('a whole layer by day, of which a reader may do it', async () => {
  const env = { DATABASE_URL: db.url, MEDALLION_ROLE_PASSWORD: 'reading' };
  const grant = await runCommand(['db', 'grant', 'reader', role, '--create'], { cwd: folder, env });
  expect(grant).toMatchObject({ code: 0 });
  try {
    const url = urlOf({ ...db.settings, user: role, password: 'reading' });
    const args = ['gold', '--to', 'csv', '--partition-by', 'day', '--out', 'lake'];
    expect(await runExport(args, url)).toMatchObject({ code: 0 });
    const gold = path.join(folder, 'lake', 'gold');
    expect((await readdir(path.join(gold, 'sales_performance'))).sort()).toEqual([
      'date_key=2026-01-01',
      'date_key=2026-01-02',
    ]);
    const days = await read(
      `select date_key::text, total_orders from read_csv('${gold}/sales_performance/*/*.csv', hive_partitioning = true)
       order by 1`,
    );
    expect(days).toEqual([
      ['2026-01-01', '1'],
      ['2026-01-02', '2'],
    ]);
    expect(await readFile(path.join(gold, 'customer_performance.csv'), 'utf8')).toContain('cust_1');
  } finally {
    await withClient(db.settings, async (client) => {
      await client.query(`drop owned by ${role}`);
      await client.query(`drop role ${role}`);
    });
  }
});

test('what cannot be exported is said', async () => {
  const cases: [args: string[], said: string][] = [
    [['nowhere', '--to', 'csv'], 'there is no table "nowhere"'],
    [['dim_customers', '--to', 'csv', '--since', '7d'], 'has no days'],
    [['gold', '--to', 'csv', '--out', '-'], 'stdout takes one table'],
    [['sales_performance', '--to', 'parquet', '--out', '-'], 'stdout takes one table'],
    [['sales_performance', '--to', 'csv', '--out', '.', '--force'], 'is a folder'],
  ];
  for (const [args, said] of cases) {
    const result = await runExport(args);
    expect(result.stderr).toContain(said);
    expect(result.code).toBe(2);
  }
});
