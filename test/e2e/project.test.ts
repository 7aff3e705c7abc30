import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { runCli, runShell, type CliResult } from '../support/cli.ts';
import { purchase } from '../support/orders.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { rowsOf } from '../support/promotion.ts';

// Many processes, one after the other, on a machine that may be busy.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
let folder: string;
let shop: string;
let bin: string;
let db: TestDatabase;

/** The command as it comes out of the tarball that npm installs. */
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'medallion-project-'));
  shop = path.join(folder, 'shop');
  mkdirSync(shop);
  const packed = execFileSync(
    'npm',
    ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder],
    { cwd: ROOT, encoding: 'utf8' },
  );
  execFileSync('tar', ['-xzf', path.join(folder, packed.trim()), '-C', folder]);
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'package/node_modules'));
  bin = path.join(folder, 'package/bin/medallion.js');
  db = await createTestDatabase();
});

afterAll(async () => {
  await db.drop();
  await rm(folder, { recursive: true, force: true });
});

function medallion(
  args: readonly string[],
  { cwd = shop, input }: { readonly cwd?: string; readonly input?: string } = {},
): Promise<CliResult> {
  return runCli(args, {
    ...{ cwd, bin, env: { DATABASE_URL: db.url } },
    ...(input === undefined ? {} : { input }),
  });
}

test('an installed command makes a project, tests its mart, fills it and knows it everywhere', async () => {
  expect(await medallion(['init'])).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('models/gold/weekday_sales.sql') as string,
  });
  const below = path.join(shop, 'models/gold');
  expect(await medallion(['test', 'weekday_sales'], { cwd: below })).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/^1 test passed in /) as string,
  });
  // Those of the package run by the same command.
  expect(await medallion(['test'])).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/^[2-9]\d tests passed in /) as string,
  });
  expect(await medallion(['test', 'sources.segment', 'sources.online_retail'])).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/^9 tests passed in /) as string,
  });

  const input = `${purchase({ id: 'a', at: '2026-01-01T10:00:00', order: { total_amount: 11.2 } })}\n`;
  expect(await medallion(['ingest', '--from', '-'], { input })).toMatchObject({ code: 0 });
  expect(await medallion(['promote'], { cwd: below })).toMatchObject({ code: 0 });
  expect(
    await rowsOf(
      db.settings,
      'select date_key::text, weekday, orders::text, revenue::text from gold.weekday_sales',
    ),
  ).toEqual([{ date_key: '2026-01-01', weekday: 'Thursday', orders: '1', revenue: '11.20' }]);

  for (const args of [
    ['models', 'list'],
    ['models', 'graph'],
    ['docs'],
    ['checks'],
    ['promote', '--explain'],
  ]) {
    const { code, stdout } = await medallion(args);
    expect({ code, known: stdout.includes('weekday_sales') }, args.join(' ')).toEqual({
      ...{ code: 0, known: true },
    });
  }
  const exported = await medallion(['export', 'weekday_sales', '--to', 'csv', '--out', '-']);
  expect(exported).toMatchObject({ code: 0, stdout: expect.stringContaining('11.20') as string });
});

test('the source of a new project maps its sample, as its test says', async () => {
  const cwd = await mkdtemp(path.join(folder, 'source-'));
  const own = await createTestDatabase();
  try {
    const script = `set -e
      medallion init
      medallion test example
      medallion source test example samples/example.ndjson
      medallion ingest --source example --from samples/example.ndjson
      medallion promote
      medallion source list --output csv`;
    const { code, stdout, stderr } = await runShell(script, {
      ...{ cwd, bin, env: { DATABASE_URL: own.url } },
    });
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining('3 tests passed in ') as string,
    });
    // One of a test of the shop is skipped, one is a later version of another.
    expect(stdout).toMatch(/ accepted +3\n +rejected +0\n +skipped +1\n/);
    expect(stdout).toMatch(/^example,sources\/example\.yaml,[^\n]*,4,0,1,4,0,0,"",""$/m);
    expect(
      await rowsOf(
        own.settings,
        `select transaction_id, date_key::text, customer_id, order_total_amount
         from silver.fact_transactions order by 1`,
      ),
    ).toEqual([
      {
        ...{ transaction_id: '1001', date_key: '2026-01-03', customer_id: '207' },
        order_total_amount: '31.00',
      },
      {
        ...{ transaction_id: '1002', date_key: '2026-01-03', customer_id: null },
        order_total_amount: '9.20',
      },
    ]);
  } finally {
    await own.drop();
  }
});

test('a test that fails says which cell, ends with 4, and is data for programs', async () => {
  const file = path.join(shop, 'tests/gold/weekday_sales.yaml');
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace("revenue: '3.30'", "revenue: '3.31'"));
  const failed = await medallion(['test', 'weekday_sales']);
  expect(failed).toMatchObject({
    code: 4,
    stdout:
      'FAILED gold.weekday_sales: orders and revenue of a day, with its weekday (tests/gold/weekday_sales.yaml)\n' +
      '  row 1\n    revenue: expected 3.31, actual 3.30\n\n',
    stderr: expect.stringContaining('1 test of 1 failed') as string,
  });
  const { code, stdout } = await medallion(['test', 'weekday_sales', '--output', 'json']);
  expect({ code, rows: JSON.parse(stdout) as unknown }).toEqual({
    code: 4,
    rows: [
      expect.objectContaining({
        passed: false,
        row: 1,
        expected: '3.31',
        actual: '3.30',
      }) as object,
    ],
  });
  writeFileSync(file, text);
});

test('init replaces neither settings nor models', async () => {
  expect(await medallion(['init'])).toMatchObject({ code: 2 });
  const mart = path.join(shop, 'models/gold/weekday_sales.sql');
  const own = `${readFileSync(mart, 'utf8')}-- mine\n`;
  writeFileSync(mart, own);
  expect(await medallion(['init', '--force'])).toMatchObject({ code: 0 });
  expect(readFileSync(mart, 'utf8')).toBe(own);
});

test('the orders of the README are mapped by a source that is drafted from them, and reported', async () => {
  const commands = /## Bring your own orders[\s\S]*?```sh\n([\s\S]*?)```/.exec(
    readFileSync(path.join(ROOT, 'README.md'), 'utf8'),
  )?.[1];
  const cwd = await mkdtemp(path.join(folder, 'nowhere-'));
  const own = await createTestDatabase();
  try {
    const env = { DATABASE_URL: own.url };
    const reported = await runShell(`set -e\n${commands ?? 'false'}`, { cwd, bin, env });
    expect(reported).toMatchObject({
      code: 0,
      // 27.50 + 8.00, of two orders.
      stdout: expect.stringMatching(/Revenue +35\.50 [^]*Orders +2 /) as string,
    });
  } finally {
    await own.drop();
  }
});
