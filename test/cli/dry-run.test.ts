import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { installMedallion, runCli, runCommand, type CliResult } from '../support/cli.ts';
import { purchase } from '../support/orders.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { landEvents, rowOf } from '../support/promotion.ts';

// Many processes, one after the other, on a machine that may be busy.
vi.setConfig({ testTimeout: 180_000 });

let folder: string;
let db: TestDatabase;

/** Two orders on the first day, one of which does not add up, one on the second, and one that is rejected. */
const EVENTS = [
  purchase({ id: 'a', at: '2026-01-01T10:00:00' }),
  purchase({ id: 'b', at: '2026-01-01T11:00:00', order: { total_amount: 12 } }),
  purchase({ id: 'c', at: '2026-01-02T10:00:00' }),
  purchase({ id: 'd', at: '2026-01-02T10:00:00', order: { status: 99 } }),
];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'medallion-dry-run-'));
  db = await createTestDatabase();
  await landEvents(db.settings, EVENTS);
});

afterAll(async () => {
  // Of all these dry runs nothing is left, no run either.
  expect(
    await rowOf(
      db.settings,
      `select (select count(*) from medallion.runs) as runs, (select count(*) from medallion.watermarks) as promoted,
              (select count(*) from bronze.quarantine) as rejected, to_regclass('silver.fact_transactions') as silver`,
    ),
  ).toEqual({ runs: '0', promoted: '0', rejected: '0', silver: null });
  await db.drop();
  await rm(folder, { recursive: true, force: true });
});

async function dryRun(args: readonly string[], bin?: string): Promise<CliResult> {
  const line = ['promote', '--dry-run', ...args];
  const options = { cwd: folder, env: { DATABASE_URL: db.url } };
  return bin === undefined ? runCommand(line, options) : runCli(line, { ...options, bin });
}

test.each([
  ['--full-refresh', '--dry-run and --full-refresh'],
  ['--watch', '--dry-run and --watch'],
  ['--plan', '--plan and --dry-run'],
  ['--explain', '--explain and --dry-run'],
])('it does not go together with %s', async (flag, named) => {
  expect(await dryRun([flag])).toMatchObject({
    ...{ code: 2, stdout: '' },
    stderr: `error: ${named} cannot be used together\n`,
  });
});

test('people see a table of rows and the checks that were not met', async () => {
  const { code, stdout, stderr } = await dryRun([]);
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: expect.stringContaining(
      'dry run: nothing was written\nsilver: 4 events, 3 transactions written\n  0 duplicates, 0 superseded, 1 quarantined\n' +
        'gold: 2 days published, 0 of them restated\n',
    ) as string,
  });
  expect(stdout).toMatch(/^model +read +written +new +changed +removed +rejected$/m);
  expect(stdout).toMatch(/^silver\.fact_transactions +4 +3 +3 +0 +0 +1$/m);
  expect(stdout).toMatch(/^gold\.sales_performance +2 +2 +2 +0 +0 +0$/m);
  expect(stdout).toContain('\nChecks, 1 of 18 not met\n');
  expect(stdout).toMatch(/^silver\.fact_transactions +warn +warn +1 +3\n {2}the total is /m);
});

test('CSV is one table, Markdown has one for the models and one for the checks', async () => {
  const csv = await dryRun(['--layer', 'silver', '--output', 'csv']);
  expect(csv.stdout.split('\n')).toEqual(
    expect.arrayContaining([
      'model,check,read,written,new,changed,removed,rejected,failing,checked,severity,outcome',
      'silver.fact_transactions,,4,3,3,0,0,1,,,,',
      'silver.fact_transactions,the total is subtotal plus tax plus shipping less discount,,,,,,,1,3,warn,warn',
    ]),
  );
  const markdown = await dryRun(['--chunk-rows', '1', '--output', 'markdown']);
  expect(markdown.stdout).toContain('| silver.fact_transactions | 4 | 3 | 3 | 0 | 0 | 1 |');
  expect(markdown.stdout).toMatch(/^## Checks, 1 of 18 not met$/m);
});

test('a check that would fail the promotion is shown, with its rows, and exits with 4', async () => {
  const bin = installMedallion(path.join(folder, 'medallion'));
  const model = path.join(folder, 'medallion/sql/gold/sales_performance.sql');
  await writeFile(
    model,
    (await readFile(model, 'utf8')).replace('that: total_orders > 0', 'that: total_orders > 1'),
  );
  const { code, stdout, stderr } = await dryRun(['--output', 'json'], bin);
  expect({ code, stderr }).toEqual({
    code: 4,
    stderr: expect.stringContaining(
      'error: gold.sales_performance: 1 of 2 rows fail the check "a day has orders" (total_orders > 1)\n' +
        '  promote would stop here, exit with 4, and leave gold unchanged.',
    ) as string,
  });
  const { models, checks } = JSON.parse(stdout) as Record<string, Record<string, unknown>[]>;
  expect(models?.find((row) => row['model'] === 'silver.fact_transactions')).toEqual({
    ...{ model: 'silver.fact_transactions', read: 4, written: 3 },
    ...{ new: 3, changed: 0, removed: 0, rejected: 1 },
  });
  expect(models?.find((row) => row['model'] === 'gold.sales_performance')).toMatchObject({
    ...{ written: 0, new: 0 },
  });
  expect(checks?.find((row) => row['check'] === 'a day has orders')).toEqual({
    ...{ model: 'gold.sales_performance', check: 'a day has orders', severity: 'error' },
    ...{ outcome: 'error', failing: 1, checked: 2 },
    failing_rows: [
      expect.objectContaining({ date_key: '2026-01-02', total_orders: '1' }) as unknown,
    ],
  });
});
