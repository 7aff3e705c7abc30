import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import readWorkbook from 'read-excel-file/node';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { withClient } from '../../src/postgres/client.ts';
import { runCli, type CliResult } from '../support/cli.ts';
import { purchase } from '../support/orders.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { landEvents, promoteAll } from '../support/promotion.ts';

// Several processes each, on a machine that may be busy.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** What a file cannot say plainly, or a spreadsheet would take for something else. */
const CITIES = [
  '=1+1',
  '@SUM(A1)',
  '007',
  '2026-01-01',
  'TRUE',
  ' São Paulo\t',
  '<&>"\'',
  'a\u0001b\u001fc\r\nd\uffff',
  '_x0041_x0042_',
  '_x0041\u0001',
  'Łódź 🎉',
];

let db: TestDatabase;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'medallion-export-xlsx-'));
  db = await createTestDatabase();
  const most = { total_amount: '999999999999.99' };
  await landEvents(db.settings, [
    ...CITIES.map((city, index) =>
      purchase({
        ...{ id: `t${String(index).padStart(2, '0')}`, at: '2026-01-01T23:59:59.5' },
        customer: { id: `cust_${String(index).padStart(2, '0')}`, city },
        order: most,
      }),
    ),
    purchase({ id: 'u1', at: '2026-01-02T10:00:00', order: { total_amount: '0.10' } }),
    purchase({ id: 'u2', at: '2026-01-02T11:00:00', order: { total_amount: '-1234567.25' } }),
    // A kind of event that gold leaves out.
    purchase({ id: 'u3', at: '2026-01-03T00:00:00.000001', type: 'refund' }),
    purchase({ id: 'u4', at: '1900-01-31T00:00:00' }),
  ]);
  await promoteAll(db.settings);
});

afterAll(async () => {
  await db.drop();
  await rm(folder, { recursive: true, force: true });
});

const runExport = (args: readonly string[]): Promise<CliResult> =>
  runCli(['export', '--to', 'xlsx', ...args], { cwd: folder, env: { DATABASE_URL: db.url } });

type Row = Readonly<Record<string, unknown>>;

/** The rows of a workbook with one worksheet, as another program reads them; numbers as the digits in the file. */
async function read(file: string): Promise<{ sheet: string | undefined; rows: Row[] }> {
  const sheets = await readWorkbook(path.join(folder, file), {
    trim: false,
    parseNumber: (digits) => ({ digits }),
  });
  expect(sheets).toHaveLength(1);
  const [only] = sheets;
  const [names = [], ...rows] = only?.data ?? [];
  return {
    sheet: only?.sheet,
    rows: rows.map((row) =>
      Object.fromEntries(row.map((value, index) => [names[index] as string, value])),
    ),
  };
}

const digits = (text: string) => ({ digits: text });

test('numbers, dates and times in UTC are cells of their kind, to the last digit', async () => {
  const args = ['sales_performance', '--out', 'new.xlsx', '--since', '2026-01-02'];
  const result = await runExport(args);
  expect(result).toMatchObject({ code: 0 });
  expect(result.stderr).toMatch(/^1 table written to \S+new\.xlsx, 1 row$/m);
  expect(await read('new.xlsx')).toEqual({
    sheet: 'sales_performance',
    rows: [
      expect.objectContaining({
        date_key: new Date('2026-01-02T00:00:00Z'),
        total_orders: digits('2'),
        order_total_amount_day: digits('-1234567.15'),
        avg_ticket: digits('-617283.5750'),
      }),
    ],
  });
});

describe('whole layers', () => {
  let stderr: string;

  beforeAll(async () => {
    const result = await runExport(['gold', 'silver', '--out', 'lake']);
    expect(result).toMatchObject({ code: 0 });
    ({ stderr } = result);
  });

  test('a column with a value that its cells would not hold exactly is text, and named', async () => {
    const sales = await read('lake/gold/sales_performance.xlsx');
    // 11 x 999999999999.99 on the second day.
    expect(sales.rows.map((row) => [row['date_key'], row['order_total_amount_day']])).toEqual([
      ['1900-01-31', '11.20'],
      ['2026-01-01', '10999999999999.89'],
      ['2026-01-02', '-1234567.15'],
    ]);
    expect(sales.rows[1]).toMatchObject({ avg_ticket: digits('999999999999.9900') });
    const facts = await read('lake/silver/fact_transactions.xlsx');
    expect(facts.rows.map((row) => row['event_timestamp'])).toContain(
      '2026-01-03 00:00:00.000001+00',
    );
    const named = (table: string): string[] =>
      new RegExp(`^${table}: text, to keep every digit: (.*)$`, 'm')
        .exec(stderr)?.[1]
        ?.split(', ') ?? [];
    expect(named('gold.sales_performance')).toEqual([
      'date_key',
      'order_total_amount_day',
      'customer_tickets',
    ]);
    expect(named('silver.fact_transactions')).toEqual(
      expect.arrayContaining(['transaction_key', 'event_timestamp', 'date_key']),
    );
    expect(named('gold.customer_performance')).toEqual(['first_order_at']);
    const customers = await read('lake/gold/customer_performance.xlsx');
    expect(customers.rows.find((row) => row['customer_id'] === 'cust_00')).toMatchObject({
      revenue: digits('999999999999.99'),
      first_order_at: '2026-01-01 23:59:59.5+00',
      last_order_at: new Date('2026-01-01T23:59:59.500Z'),
    });
  });

  test('texts come back as they are, and none is a formula', async () => {
    const { rows } = await read('lake/silver/dim_customer_versions.xlsx');
    const versions = rows.filter(({ customer_id: id }) => id !== 'cust_1');
    expect(versions.map(({ city }) => city)).toEqual(CITIES);
    expect(versions[0]).toMatchObject({ is_current: true, valid_to: null, version: digits('1') });
  });

  test('a table without rows is a worksheet with its names', async () => {
    const [{ data } = { data: [] }] = await readWorkbook(
      path.join(folder, 'lake/silver/discarded_events.xlsx'),
    );
    expect(data).toHaveLength(1);
    expect(data[0]).toContain('transaction_id');
  });
});

test('a file a day', async () => {
  const args = ['sales_performance', '--partition-by', 'day', '--out', 'days'];
  expect(await runExport(args)).toMatchObject({ code: 0 });
  expect((await readdir(path.join(folder, 'days'))).sort()).toEqual([
    'date_key=1900-01-31',
    'date_key=2026-01-01',
    'date_key=2026-01-02',
  ]);
  const { rows } = await read('days/date_key=2026-01-02/data_0.xlsx');
  expect(rows).toEqual([expect.objectContaining({ total_orders: digits('2') })]);
});

test('what a worksheet cannot hold is refused before anything is written', async () => {
  await withClient(db.settings, async (client) => {
    await client.query(`
      alter table gold.payment_performance rename to aside;
      create view gold.payment_performance as
        select date '2026-01-01' as date_key, n as payment_method_id, 'cash' as payment_method,
          1::bigint as orders, 1.00 as revenue
        from generate_series(1, 1048576) as numbers (n)`);
  });
  const tables = ['sales_performance', 'payment_performance', '--out', 'refused'];
  const whole = await runExport(tables);
  expect(whole.stderr).toMatch(
    /gold\.payment_performance has 1,048,576 rows, but a worksheet of xlsx holds 1,048,575\n {2}Nothing was written\. If the table has days/,
  );
  expect(whole.code).toBe(2);
  const byDay = await runExport([...tables, '--partition-by', 'day']);
  expect(byDay.stderr).toContain('has 1,048,576 rows on a day');
  expect(byDay.code).toBe(2);

  await withClient(db.settings, async (client) => {
    await client.query(`
      drop view gold.payment_performance;
      alter table gold.aside rename to payment_performance;
      update gold.payment_performance set payment_method = repeat('x', 32768)`);
  });
  const long = await runExport(tables);
  expect(long.stderr).toContain('a text in payment_method is longer than a cell of xlsx can be');
  expect(long.code).toBe(2);
  expect(await readdir(folder)).not.toContain('refused');
});
