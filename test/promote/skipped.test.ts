import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Metrics } from '../../src/metrics/metrics.ts';
import { runCommand, type CliResult } from '../support/cli.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { landEvents, rowsOf } from '../support/promotion.ts';

const EXAMPLE = /```yaml\n([\s\S]*?)```/.exec(readFileSync('docs/sources.md', 'utf8'))?.[1] ?? '';
const ORDER = {
  ...{ updated_at: '2026-01-03T11:00:00Z', customer: { id: 207 }, financial_status: 'paid' },
  ...{ payment_gateway_names: ['stripe'], currency: 'EUR', total_line_items_price: '50.00' },
  ...{ total_tax: '5.00', shipping_lines: [], total_discounts: '0.00' },
  line_items: [{ sku: 'A', price: '50.00', quantity: 1, discount_allocations: [] }],
};

let db: TestDatabase;
let folder: string;
beforeEach(async () => {
  db = await createTestDatabase();
  folder = mkdtempSync(path.join(tmpdir(), 'medallion-skipped-'));
  mkdirSync(path.join(folder, 'sources'));
  writeFileSync(path.join(folder, 'medallion.yaml'), '');
});
afterEach(async () => {
  await db.drop();
  await rm(folder, { recursive: true, force: true });
});

function writeWhere(where: string): void {
  const text = EXAMPLE.replace('order:', `where: ${where}\norder:`);
  writeFileSync(path.join(folder, 'sources', 'shop.yaml'), text);
}

async function land(from: number, ...records: object[]): Promise<void> {
  const texts = records.map((record) => JSON.stringify({ ...ORDER, ...record }));
  await landEvents(db.settings, texts, { topic: 'shop.orders', from });
}

async function medallion(...args: string[]): Promise<CliResult> {
  const env = { DATABASE_URL: db.url, MEDALLION_HOME: path.join(folder, 'home') };
  const result = await runCommand(args, { cwd: folder, env });
  expect(result, args.join(' ')).toMatchObject({ code: 0 });
  return result;
}

/** "offset outcome" of each event that was promoted, and what the quarantine says of it. */
async function outcomes(): Promise<string[]> {
  const rows = await rowsOf(
    db.settings,
    `select "offset" || ' current' as line from silver.fact_transactions
     union all select "offset" || ' skipped' from medallion.skipped_events
     union all select "offset" || ' ' || status from bronze.quarantine
     order by line`,
  );
  return rows.map(({ line }) => String(line));
}

test('a record that is not of its source is skipped: counted, in neither silver nor the quarantine', async () => {
  writeWhere('{ test: [false], financial_status: { not: authorized } }');
  await land(0, { id: 1, test: false }, { id: 2, test: true }, { id: 3 }, { id: 4, test: false });
  await land(4, { id: 5, test: false, financial_status: 'authorized' }, { id: '', test: false });
  expect((await medallion('promote')).stderr).toContain('0 superseded, 3 skipped, 1 quarantined');
  expect(await outcomes()).toEqual([
    ...['0 current', '1 skipped', '2 skipped', '3 current', '4 skipped', '5 open'],
  ]);
  const json = async (...args: string[]): Promise<unknown> =>
    JSON.parse((await medallion(...args, '--output', 'json')).stdout);
  expect(await json('runs', '--command', 'promote')).toMatchObject([
    { counts: { events: 6, accepted: 2, rejected: 1, skipped: 3 } },
  ]);
  expect(await json('status')).toMatchObject({ state: { skipped_events: 3 } });
  const trace = await medallion('trace', '--source', 'shop.orders', '--offset', '1');
  expect(trace.stderr).toContain('the where of source shop leaves it out');
  expect(await json('reconcile')).toContainEqual(
    expect.objectContaining({
      ...{ check: 'bronze-to-silver', expected: 6, found: 6, result: 'ok' },
      note: '2 current, 0 duplicates, 0 superseded, 1 quarantined; 3 skipped by their source',
    }),
  );

  // What was skipped stays so when nothing is new, and is judged anew with the history.
  await medallion('promote');
  writeWhere("{ id: { not_like: ['4*', ''] } }");
  await medallion('promote', '--full-refresh');
  expect(await outcomes()).toEqual([
    ...['0 current', '1 current', '2 current', '3 skipped', '4 open', '5 replayed', '5 skipped'],
  ]);
  await medallion('reconcile');
});

test('a rejected record that its source now leaves out is skipped by a replay, and pruned as such', async () => {
  writeWhere('{ id: { not: 9 } }');
  await land(0, { id: 1 }, { id: 2, currency: 'XXX' });
  await medallion('promote');
  expect(await outcomes()).toEqual(['0 current', '1 open']);
  writeWhere('{ currency: { not: XXX } }');
  expect(
    (await medallion('quarantine', 'replay', '--field', 'currency', '--yes')).stdout,
  ).toContain('skipped');
  expect(await outcomes()).toEqual(['0 current', '1 replayed', '1 skipped']);
  await medallion('reconcile');
  await medallion('prune', '--bronze', '--older-than', '1ms', '--yes');
  expect(
    await rowsOf(db.settings, 'select current_events, skipped_events from medallion.pruned'),
  ).toEqual([{ current_events: '1', skipped_events: '1' }]);
  await medallion('reconcile');
});

test('an event is traced to its transaction by its source, an id that is a number too, and after the mapping has changed', async () => {
  writeWhere('{ id: { not: 9 } }');
  await land(0, { id: 17 }, { id: 170 }, { id: 18, currency: 'XXX' });
  await medallion('promote');
  await land(3, { id: 17, updated_at: '2026-01-04T11:00:00Z' });
  const trace = async (...args: string[]): Promise<unknown> =>
    JSON.parse((await medallion('trace', ...args, '--output', 'json')).stdout);
  const at = (offset: number): Promise<unknown> =>
    trace('--source', 'shop.orders', '--offset', String(offset));
  expect(await at(0)).toMatchObject({
    transaction: { transaction_id: '17' },
    events: [
      { outcome: 'current', offset: 0 },
      { outcome: 'waiting', offset: 3 },
    ],
    quarantine: [],
  });
  expect(await at(3)).toMatchObject({ transaction: { transaction_id: '17' } });
  expect(await trace('18')).toMatchObject({ quarantine: [{ offset: 2, field: 'currency' }] });
  // The id of silver is that of the mapping by which the event was read.
  const file = path.join(folder, 'sources', 'shop.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace('  id: id\n', '  id: customer.id\n'));
  expect(await at(1)).toMatchObject({ transaction: { transaction_id: '170' } });
});

test('what is skipped is counted for Prometheus and for Grafana', async () => {
  writeWhere('{ id: { not: 9 } }');
  await land(0, { id: 1 }, { id: 9 }, { id: 2, currency: 'XXX' }, { id: 9 });
  await medallion('promote');
  expect(
    await rowsOf(
      db.settings,
      `select events, rejected_events, skipped_events from gold.pipeline_runs where command = 'promote'`,
    ),
  ).toEqual([{ events: '4', rejected_events: '1', skipped_events: '2' }]);
  const metrics = new Metrics();
  const totals = { models: [], rejections: {}, silver: { skipped: 2 } };
  metrics.published(totals);
  totals.silver.skipped = 5;
  metrics.published(totals);
  expect((await metrics.page()).body).toContain('\nmedallion_skipped_events_total 5\n');
});
