import { appendFile, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { runCommand, type CliResult } from '../support/cli.ts';
import { purchase } from '../support/orders.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';

// Each test is a row of processes.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

let database: TestDatabase;
let folder: string;
let topic: string;

const run = (...args: string[]): Promise<CliResult> =>
  runCommand(args, { cwd: folder, env: { DATABASE_URL: database.url } });

interface Found {
  readonly event: { readonly value: string };
  readonly events: readonly { readonly outcome: string; readonly offset: number }[];
  readonly quarantine: readonly { readonly offset: number }[];
  readonly gold: readonly {
    readonly mart: string;
    readonly key: Record<string, unknown>;
    readonly figures: Record<string, unknown>;
  }[];
  readonly [part: string]: unknown;
}

async function trace(...args: string[]): Promise<Found> {
  const { code, stdout, stderr } = await run('trace', ...args, '--output', 'json');
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Found;
}

const first = purchase({ id: 'a', at: '2026-01-01T12:00:00' });

beforeAll(async () => {
  database = await createTestDatabase();
  folder = await realpath(await mkdtemp(path.join(tmpdir(), 'medallion-trace-')));
  topic = `file:${path.join(folder, 'sales.ndjson')}`;
  const lines = [
    first,
    purchase({ id: 'b', at: '2026-01-02T12:00:00' }),
    first,
    purchase({ id: 'a', at: '2026-01-02T13:00:00', order: { total_amount: 22.4 } }),
    purchase({ id: 'a', at: '2026-01-03T12:00:00', order: { status: 9 } }),
    purchase({ id: 'ab', at: '2026-01-03T12:00:00', order: { status: 9 } }),
    purchase({
      ...{ id: 'back', at: '2026-01-03T12:00:00', type: 'refund' },
      details: { refunds: 'b', ordered_at: '2026-01-03T11:00:00' },
      customer: { guest: true },
      order: { tax_included: true, exchange_rate: '0.9', currency: 'USD', total_amount: 10.2 },
    }),
    purchase({
      ...{ id: 'stray', at: '2026-01-03T12:00:00', type: 'refund' },
      details: { refunds: 'nobody' },
    }),
    purchase({ id: 'ask', at: '2026-01-03T12:00:00', type: 'quote' }),
  ];
  await writeFile(path.join(folder, 'sales.ndjson'), `${lines.join('\n')}\n`);
  await run('ingest', '--from', 'sales.ndjson');
  await run('promote');
  await appendFile(
    path.join(folder, 'sales.ndjson'),
    `${purchase({ id: 'new', at: '2026-01-04T12:00:00' })}\n`,
  );
  await run('ingest', '--from', 'sales.ndjson');
});

afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

test('follows a transaction from its events to every cell of gold that it moves', async () => {
  const found = await trace('a');
  expect(found.events.map(({ outcome, offset }) => [outcome, offset])).toEqual([
    ['current', 3],
    ['superseded', 2],
    ['duplicate', 0],
  ]);
  expect(found.events[0]).toMatchObject({ topic, partition: 0, ingest_run: 1, promote_run: 2 });
  // "ab" is another id.
  expect(found.quarantine).toMatchObject([
    { offset: 4, stage: 'silver', reason: 'unknown_reference', status: 'open', run_id: 2 },
  ]);
  expect(found['transaction']).toMatchObject({
    transaction_id: 'a',
    date_key: '2026-01-02',
    order_total_amount: 22.4,
  });
  expect(found['lines']).toEqual([
    {
      ...{ line_number: 1, item_id: 'prod_1', category: 'books' },
      ...{ unit_price: 10, quantity: 1, discount: 0, cost: 4 },
    },
  ]);
  // a and b of 2026-01-02: 22.40 and 11.20, one book of 10.00 each.
  const cells: [mart: string, key: object, figures: object][] = [
    [
      'gold.sales_performance',
      { date_key: '2026-01-02' },
      { total_orders: 2, order_total_amount_day: 33.6 },
    ],
    [
      'gold.item_category_performance',
      { date_key: '2026-01-02', category: 'books' },
      { total_quantity: 2, revenue: 20 },
    ],
    [
      'gold.product_performance',
      { date_key: '2026-01-02', item_id: 'prod_1' },
      { units: 2, margin: 12 },
    ],
    [
      'gold.geography_performance',
      { date_key: '2026-01-02', country: 'DE', city: 'Berlin' },
      { orders: 2, revenue: 33.6 },
    ],
    [
      'gold.payment_performance',
      { date_key: '2026-01-02', payment_method_id: 1 },
      { orders: 2, revenue: 33.6 },
    ],
    ['gold.customer_performance', { customer_id: 'cust_1' }, { orders: 2, revenue: 33.6 }],
  ];
  for (const [mart, key, figures] of cells) {
    const ofMart = found.gold.filter((cell) => cell.mart === mart);
    expect(ofMart, mart).toEqual([{ mart, key, figures: expect.objectContaining(figures) }]);
  }
});

test('follows an event from its place in the log', async () => {
  const found = await trace('--source', topic, '--offset', '2');
  expect(found.event.value).toBe(first);
  expect(found.events.map(({ offset }) => offset)).toEqual([3, 2, 0]);
  const refused = await trace('--source', topic, '--partition', '0', '--offset', '5');
  expect(refused.quarantine.map(({ offset }) => offset)).toEqual([5]);
  expect(refused.events).toEqual([]);
});

test('says what waits, and what gold leaves out', async () => {
  const waiting = await run('trace', 'new');
  expect(waiting.stdout).toMatch(/\nwaiting +file:\S+ +0 +9 /);
  expect(waiting.stderr).toBe('some of its events wait for medallion promote\n');
  const quote = await run('trace', 'ask');
  expect(quote.stderr).toBe('no mart counts events of type "quote"\n');
  const page = (await run('trace', 'a')).stdout;
  expect(page).toMatch(/\nQuarantine\n[^]*?\nreason +unknown_reference\nfield +order\.status\n/);
  expect(page).toMatch(/\ngold\.sales_performance +2026-01-02 +total orders 2, /);
});

test('shows what a refund takes back, from either end, and the cell that it moves', async () => {
  const refund = await trace('back');
  expect(refund['transaction']).toMatchObject({
    ...{ event_type: 'refund', refunds: 'b', ordered_at: '2026-01-03T11:00:00Z' },
    ...{ customer_id: null, is_guest: true, order_tax_included: true, order_exchange_rate: 0.9 },
  });
  // Goods of 10.00 with a tax of 1.00 inside.
  expect(refund.gold).toEqual([
    {
      mart: 'gold.net_sales',
      key: { date_key: '2026-01-03', reporting_currency_id: 2 },
      figures: expect.objectContaining({ orders: 0, returns: 9, net_sales: -9, taxes: -1 }),
    },
  ]);
  expect((await trace('b'))['refunds']).toEqual([
    {
      ...{ transaction_id: 'back', ordered_at: '2026-01-03T11:00:00Z', date_key: '2026-01-03' },
      ...{ order_currency_id: 2, order_total_amount: 10.2 },
    },
  ]);
  const stray = await run('trace', 'stray');
  expect(stray.stderr).toBe('it refunds an order that silver does not have: nobody\n');
  expect((await run('trace', 'b')).stdout).toMatch(
    /\nRefunds of the order\n[^\n]+\n[^\n]+\nback +/,
  );
});

test('ends with 4 when there is nothing, and with 2 when it is not said what to follow', async () => {
  const unknown = await run('trace', 'nobody');
  expect([unknown.code, unknown.stdout]).toEqual([4, '']);
  expect(unknown.stderr).toMatch(
    /^error: no event with the transaction id "nobody" is in bronze\n/,
  );
  const nowhere = await run('trace', '--topic', 'sales', '--partition', '1', '--offset', '9');
  expect(nowhere.code).toBe(4);
  expect(nowhere.stderr).toMatch(
    /^error: bronze has no event at offset 9 of partition 1 of landing\/sales or sales\n/,
  );
  expect((await run('trace')).code).toBe(2);
});
