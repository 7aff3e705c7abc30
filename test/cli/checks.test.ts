import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { installMedallion, runCli, type CliResult } from '../support/cli.ts';
import { purchase } from '../support/orders.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { landEvents, rowOf, rowsOf } from '../support/promotion.ts';

// Many processes, one after the other, on a machine that may be busy.
vi.setConfig({ testTimeout: 180_000 });

let folder: string;
let db: TestDatabase;
let bin: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'medallion-checks-'));
  db = await createTestDatabase();
  bin = installMedallion(path.join(folder, 'medallion'));
});

afterEach(async () => {
  await db.drop();
  await rm(folder, { recursive: true, force: true });
});

const medallion = (...args: string[]): Promise<CliResult> =>
  runCli(args, { cwd: folder, env: { DATABASE_URL: db.url }, bin });

/** Replaces a piece of a model, in the installation of this test. */
async function edit(model: string, from: string, to: string): Promise<void> {
  const file = path.join(folder, 'medallion', 'sql', `${model}.sql`);
  const text = await readFile(file, 'utf8');
  expect(text).toContain(from);
  await writeFile(file, text.replace(from, to));
}

const TOTAL = 'the total is subtotal plus tax plus shipping less discount';
const SALES = 'select date_key, total_orders from gold.sales_performance order by 1';

/** 10 + 1 + 0.2 is 11.20, so an order of any other total does not add up. */
const order = (id: string, total: number, day = '2026-01-01'): string =>
  purchase({ id, at: `${day}T10:00:00`, order: { total_amount: total } });

test('a warning is counted, and its rows can be seen', async () => {
  const none = await medallion('checks');
  expect(none).toMatchObject({ code: 0, stdout: expect.stringContaining('(no rows)') as string });
  expect(none.stderr).toMatch(/no promotion has checked anything yet/);

  await landEvents(db.settings, [order('a', 11.2), order('b', 12.34), order('c', 11.21)]);
  const promoted = await medallion('promote');
  expect(promoted).toMatchObject({ code: 0 });
  expect(promoted.stderr).toContain(
    `silver.fact_transactions: 1 of 3 rows fail the check "${TOTAL}"\n  medallion checks show silver.fact_transactions "${TOTAL}"`,
  );
  // A run with nothing to do checks nothing: the last one that did is shown.
  await medallion('promote');

  const failing = await medallion('checks', '--failing', '--output', 'json');
  expect(JSON.parse(failing.stdout)).toEqual([
    {
      ...{ model: 'silver.fact_transactions', check: TOTAL, severity: 'warn', outcome: 'warn' },
      ...{ failing: 1, checked: 3, warn_above: null, error_above: null },
    },
  ]);
  const all = await medallion('checks', '--run', '1', '--output', 'csv');
  expect(all.stdout.split('\n').slice(0, 2)).toEqual([
    'model,check,severity,outcome,failing,checked,warn_above,error_above',
    `silver.fact_transactions,${TOTAL},warn,warn,1,3,,`,
  ]);
  expect(all.stdout).toContain('gold.sales_performance,a day has orders,error,pass,0,1,,0\n');

  const rows = await medallion('checks', 'show', 'fact_transactions', '-o', 'json');
  expect(JSON.parse(rows.stdout)).toEqual([
    expect.objectContaining({ transaction_id: 'b', order_total_amount: 12.34, offset: 1 }),
  ]);
  expect(rows.stdout).toContain('"order_total_amount": 12.34');

  expect(await medallion('checks', '--run', '99')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('there is no run 99') as string,
  });
  const passed = await medallion('checks', 'show', 'gold.sales_performance', '-o', 'json');
  expect(passed).toMatchObject({
    code: 0,
    stdout: '[]\n',
    stderr: expect.stringContaining(
      'no failing rows are stored for gold.sales_performance',
    ) as string,
  });
  for (const [unknown, said] of [
    [['gold.sales'], 'no promotion has checked gold.sales\n'],
    [
      ['sales_performance', 'mood'],
      'no promotion has checked gold.sales_performance, check "mood"',
    ],
  ] as const) {
    expect(await medallion('checks', 'show', ...unknown)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(said) as string,
    });
  }
});

test('gold stays as it was when more rows fail an error check than are allowed', async () => {
  await landEvents(db.settings, [order('a', 11.2), order('b', 11.2, '2026-01-02')]);
  await medallion('promote');

  // Days 1 and 2 have one order each: two of three days fail, and one is allowed.
  const strict =
    'that: total_orders > 1\n    severity: error\n    warn_above: 0\n    error_above: 1';
  await edit('gold/sales_performance', 'that: total_orders > 0\n    severity: error', strict);
  const later = ['c', 'd'].map((id) => order(id, 11.2, '2026-01-03'));
  await landEvents(db.settings, later, { from: 2 });
  const refused = await medallion('promote', '--since', '2026-01-01');
  expect(refused).toMatchObject({ code: 4, stdout: '' });
  expect(refused.stderr).toContain(
    'error: gold.sales_performance: 2 of 3 rows fail the check "a day has orders" (total_orders > 1), and 1 are allowed\n' +
      '  None of this was published. To see the rows: medallion checks show gold.sales_performance "a day has orders"\n' +
      '  The checks are in sql/gold/sales_performance.sql.\n',
  );
  expect(await rowsOf(db.settings, SALES)).toEqual([
    { date_key: '2026-01-01', total_orders: '1' },
    { date_key: '2026-01-02', total_orders: '1' },
  ]);
  const shown = await medallion('checks', 'show', 'gold.sales_performance', '-o', 'csv');
  expect(shown.stdout).toMatch(
    /^date_key,total_orders,.*\n2026-01-01,1,1,10\.00,.*\n2026-01-02,1,1,.*\n$/,
  );
  expect(
    await rowOf(
      db.settings,
      `select outcome, failing, checked, error_above from medallion.check_results
       where model = 'gold.sales_performance' and check_name = 'a day has orders' order by run_id desc limit 1`,
    ),
  ).toEqual({ outcome: 'error', failing: '2', checked: '3', error_above: '1' });

  // Two of three are within the limit: a warning, and gold is published.
  await edit('gold/sales_performance', 'error_above: 1', 'error_above: "67%"');
  const passed = await medallion('promote');
  expect(passed).toMatchObject({ code: 0 });
  expect(passed.stderr).toContain('gold.sales_performance: 2 of 3 rows fail the check');
  expect(await rowsOf(db.settings, SALES)).toHaveLength(3);
});

test('an error check of silver keeps its batch from being published, the batches before it stay', async () => {
  await edit('silver/fact_transactions', 'severity: warn', 'severity: error');
  const totals = [11.2, 11.2, 2, 3, 11.2];
  await landEvents(
    db.settings,
    totals.map((total, index) => order('abcde'[index] ?? '', total)),
  );
  const state = `select (select string_agg(transaction_id, ' ' order by transaction_id) from silver.fact_transactions) as silver,
      (select count(*) from gold.sales_performance) as gold, (select next_offset from medallion.watermarks) as next`;
  // Nothing passes by being tried again.
  for (const attempt of [1, 2]) {
    const refused = await medallion('promote', '--chunk-rows', '1');
    expect(refused, String(attempt)).toMatchObject({ code: 4 });
    expect(refused.stderr).toMatch(/silver\.fact_transactions: 1 of 1 rows fail the check/);
    expect(await rowOf(db.settings, state)).toEqual({ silver: 'a b', gold: '0', next: '2' });
  }
  const shown = await medallion('checks', 'show', 'silver.fact_transactions', '-o', 'json');
  expect(JSON.parse(shown.stdout)).toMatchObject([{ transaction_id: 'c', order_total_amount: 2 }]);
});

test('of many failing rows the first twenty are kept, and of many runs the last twenty', async () => {
  const many = Array.from({ length: 30 }, (_, index) => order(`t${String(index + 10)}`, 1));
  await landEvents(db.settings, many);
  await medallion('promote');
  expect(
    await rowOf(
      db.settings,
      `select count(*) as kept, min(number) as first, max(number) as last, min(failing_row ->> 'transaction_id') as least,
              max(failing_row ->> 'transaction_id') as most from medallion.check_failures`,
    ),
  ).toEqual({ kept: '20', first: '1', last: '20', least: 't10', most: 't29' });
  await rowsOf(
    db.settings,
    `insert into medallion.check_failures
     select -n, 'silver.fact_transactions', $1, 1, '{}' from generate_series(1, 50) as n`,
    [TOTAL],
  );
  await landEvents(db.settings, [order('last', 1)], { from: 30 });
  await medallion('promote');
  expect(
    await rowOf(db.settings, 'select count(distinct run_id) as runs from medallion.check_failures'),
  ).toEqual({ runs: '20' });
});
