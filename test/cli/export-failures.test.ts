import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { withClient } from '../../src/postgres/client.ts';
import { runCli, runShell, spawnCli, type CliResult } from '../support/cli.ts';
import { until } from '../support/kafka.ts';
import { purchase } from '../support/orders.ts';
import { createTestDatabase, withDatabase, type TestDatabase } from '../support/postgres.ts';
import { landEvents, promoteAll } from '../support/promotion.ts';

// Several processes each, on a machine that may be busy.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let db: TestDatabase;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'medallion-export-failures-'));
  db = await createTestDatabase();
  await landEvents(db.settings, [purchase({ id: 't1', at: '2026-01-01T00:00:00' })]);
  await promoteAll(db.settings);
  await withClient(db.settings, async (client) => {
    // Much in any format, but few bytes as long as the rows lie in Parquet on their way to a sheet.
    await client.query(`
      drop table gold.payment_performance, gold.geography_performance;
      create view gold.payment_performance as
        select date '2026-01-01' as date_key, n % 10 as payment_method_id, 'cash' as payment_method,
          1::bigint as orders, 1.00 as revenue
        from generate_series(1, 60000) as numbers (n);
      create view gold.geography_performance as
        select date '2026-01-01' as date_key, 'DE' as country, md5(n::text) as city,
          1::bigint as orders, 1::bigint as customers, 1.00 as revenue
        from generate_series(1, 60000) as numbers (n)`);
  });
});

afterAll(async () => {
  await db.drop();
  await rm(folder, { recursive: true, force: true });
});

const env = (): Record<string, string> => ({ DATABASE_URL: db.url });
const runExport = (args: readonly string[]): Promise<CliResult> =>
  runCli(['export', ...args], { cwd: folder, env: env() });
const namesIn = async (name: string): Promise<string[]> =>
  (await readdir(path.join(folder, name)).catch(() => [])).sort();

test('without a folder for temporary files stdout gets nothing, and it is said', async () => {
  const args = ['export', 'sales_performance', '--to', 'csv', '--out', '-'];
  const result = await runCli(args, { cwd: folder, env: { ...env(), TMPDIR: '/nonexistent' } });
  expect(result).toMatchObject({
    code: 3,
    stdout: '',
    stderr:
      'error: cannot write /nonexistent: the folder does not exist\n  Make the folder first, or choose another one.\n',
  });
});

test('killed half way it leaves nothing under the names asked for, and runs again', async () => {
  const args = ['sales_performance', 'customer_performance', '--to', 'csv', '--out', 'killed'];
  await withClient(db.settings, async (client) => {
    await client.query('begin; lock table gold.customer_performance in access exclusive mode');
    const { child, result } = spawnCli(['export', ...args], { cwd: folder, env: env() });
    // The first table is written by then, and the second one waits for the lock.
    await until(async () => {
      const [partial] = await namesIn('killed/gold');
      return (
        partial !== undefined &&
        (await readFile(path.join(folder, 'killed/gold', partial))).length > 0
      );
    });
    child.kill('SIGKILL');
    expect(await result).toMatchObject({ signal: 'SIGKILL' });
    await client.query('rollback');
  });
  const left = await namesIn('killed/gold');
  expect(left).toHaveLength(1);
  expect(left[0]).toMatch(/^sales_performance\.csv\.\d+\.partial$/);

  expect(await runExport(args)).toMatchObject({ code: 0 });
  expect(await namesIn('killed/gold')).toEqual([
    'customer_performance.csv',
    'sales_performance.csv',
  ]);
});

test('killed while a sheet is written, likewise', async () => {
  const args = ['payment_performance', '--to', 'xlsx', '--out', 'killed-xlsx/sheet.xlsx'];
  const { child, result } = spawnCli(['export', ...args], { cwd: folder, env: env() });
  await until(async () => (await namesIn('killed-xlsx')).length > 0);
  child.kill('SIGKILL');
  expect(await result).toMatchObject({ signal: 'SIGKILL' });
  expect(await namesIn('killed-xlsx')).not.toContain('sheet.xlsx');
  expect(await runExport(args)).toMatchObject({ code: 0 });
  expect(await namesIn('killed-xlsx')).toEqual(['sheet.xlsx']);
});

/** A limit on the size of files stops a write in its middle, as a disk does that fills up. */
const runLimited = (args: string): Promise<CliResult> =>
  runShell(`ulimit -f 200; medallion export ${args}`, { cwd: folder, env: env() });

test.each([
  ['csv', 'payment_performance'],
  ['json', 'payment_performance'],
  ['parquet', 'geography_performance'],
  ['xlsx', 'payment_performance'],
])('%s that can grow no further: what was there stays', async (format, table) => {
  const file = path.join(folder, `before.${format}`);
  await writeFile(file, 'what was there');
  const result = await runLimited(`${table} --to ${format} --force --out before.${format}`);
  expect(result.stderr).toContain(`cannot write ${file}: the file has reached the size limit\n`);
  expect(result.code).toBe(3);
  expect(await readFile(file, 'utf8')).toBe('what was there');
  expect((await namesIn('.')).filter((name) => name.includes('partial'))).toEqual([]);
});

test('where nothing was there, no folder is left of an export that failed', async () => {
  const args = 'sales_performance payment_performance --to csv --out some/where';
  expect(await runLimited(args)).toMatchObject({ code: 3 });
  expect(await namesIn('.')).not.toContain('some');
});

test('a layer that was never promoted, and one that was left out', async () => {
  await withDatabase(async (fresh) => {
    const options = { cwd: folder, env: { DATABASE_URL: fresh.url } };
    const args = ['export', 'gold', '--to', 'parquet', '--out', 'fresh'];
    const never = await runCli(args, options);
    expect(never.stderr).toMatch(
      /there is no gold\.\w+ yet\n {2}Nothing was written\. .*medallion promote/,
    );
    expect(never.code).toBe(4);
    expect(await namesIn('.')).not.toContain('fresh');

    await landEvents(fresh.settings, [purchase({ id: 't1', at: '2026-01-01T00:00:00' })]);
    await promoteAll(fresh.settings, { gold: false });
    const empty = await runCli(args, options);
    expect(empty.stderr).toMatch(/gold has no rows yet\n {2}medallion promote fills it/);
    expect(empty.code).toBe(0);
  });
});

test('what DuckDB may use is the setting of promote', async () => {
  const args = ['sales_performance', '--to', 'csv', '--out', '-'];
  expect(await runExport([...args, '--memory-limit', '100MB', '--threads', '1'])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('2026-01-01,1,'),
  });
  const little = await runCli(['export', ...args], {
    cwd: folder,
    env: { ...env(), MEDALLION_MEMORY_LIMIT: '50MB' },
  });
  expect(little.stderr).toContain('--memory-limit 50MB is too little');
  expect(little.code).toBe(2);
});
