import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { runCommand } from '../../support/cli.ts';
import { purchase } from '../../support/orders.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { rowsOf } from '../../support/promotion.ts';
import { runReconcile } from '../../support/reconcile.ts';

// Many processes, one after the other, on a machine that may be busy.
vi.setConfig({ testTimeout: 120_000 });

let folder: string;
let db: TestDatabase;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'medallion-exports-'));
  db = await createTestDatabase();
});

afterEach(async () => {
  await db.drop();
  await rm(folder, { recursive: true, force: true });
});

const options = () => ({ cwd: folder, env: { DATABASE_URL: db.url, MEDALLION_HOME: folder } });

const order = (id: string, total = 11) =>
  purchase({ id, at: '2026-03-01T10:00:00', order: { total_amount: total } });
const DAY_1 = [order('A'), order('B'), order('C')];

test.each([
  [
    'with a row inserted',
    [DAY_1[0], order('D'), DAY_1[1], DAY_1[2]],
    ['A 11', 'B 11', 'C 11', 'D 11'],
  ],
  ['with a row corrected', [DAY_1[0], order('B', 999.5), DAY_1[2]], ['A 11', 'B 999.5', 'C 11']],
  ['with a row left out', [DAY_1[0], DAY_1[2]], ['A 11', 'B 11', 'C 11']],
])('a nightly export %s waits, lands once, and reconciles', async (_, day2, expected) => {
  for (const [name, pack] of [
    ['plain.ndjson', (text: string) => Buffer.from(text)],
    ['zipped.gz', gzipSync],
  ] as const) {
    const file = path.join(folder, name);
    const ingest = async () => {
      expect(await runCommand(['ingest', '--from', file], options())).toMatchObject({ code: 0 });
    };
    await writeFile(file, pack(`${DAY_1.join('\n')}\n`));
    await ingest();
    await writeFile(file, pack(`${day2.join('\n')}\n`));
    const before = await runReconcile([], options());
    expect(before).toMatchObject({ code: 0, different: [] });
    expect(before.lines.find(({ scope }) => scope.includes(name))).toMatchObject({
      waiting: day2.length,
      note: 'the file was replaced: the next ingest reads it from its beginning',
    });
    await ingest();
    await ingest();
    await runCommand(['promote'], options());
    const after = await runReconcile([], options());
    expect(after).toMatchObject({ code: 0, different: [] });
    expect(after.lines.find(({ scope }) => scope.includes(name))).toMatchObject({
      ...{ expected: 3 + day2.length, found: 3 + day2.length, waiting: 0 },
    });
  }
  const rows = await rowsOf(
    db.settings,
    `select transaction_id || ' ' || trim_scale(order_total_amount) as row
     from silver.fact_transactions order by transaction_id`,
  );
  expect(rows.map(({ row }) => row)).toEqual(expected);
});

test('a file that is gone is compared with what ingest recorded, a folder in its place is refused', async () => {
  const file = path.join(folder, 'sales.ndjson');
  await writeFile(file, `${DAY_1.join('\n')}\n`);
  await runCommand(['ingest', '--from', file], options());
  await rm(file);
  const gone = await runReconcile([], options());
  expect(gone).toMatchObject({ code: 0, different: [] });
  expect(gone.lines.find(({ check }) => check === 'log-to-bronze')).toMatchObject({
    ...{ expected: 3, found: 3 },
    note: 'the file is gone',
  });
  await mkdir(file);
  const { code, stderr } = await runCommand(['reconcile'], options());
  expect(code).toBe(2);
  expect(stderr).toContain(`cannot read ${file}: it is a folder`);
});

test('a warehouse that holds nothing has nothing to compare, and no fault', async () => {
  expect(await runReconcile([], options())).toMatchObject({ code: 0, lines: [] });
});
