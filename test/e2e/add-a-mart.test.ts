import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { installMedallion, runCli } from '../support/cli.ts';
import { purchase } from '../support/orders.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { rowsOf } from '../support/promotion.ts';

// Many processes, one after the other, on a machine that may be busy.
vi.setConfig({ testTimeout: 180_000 });

/** All that a new mart takes, beside its test in test/models/gold; by days that are computed whole. */
const BY_DAY = `/* @model
description: Sales by day, with the name of the weekday
grain: one row per UTC day with at least one purchase
key: [date_key]
load: replace_days
columns:
  date_key: { type: date, description: UTC day }
  weekday_name: { type: text, description: Name of the weekday }
  orders: { type: bigint, description: Purchases }
  revenue: { type: 'numeric(38,2)', description: Sum of the order totals }
checks:
  - name: a day has orders
    that: orders > 0
    severity: error
*/
select
    transactions.date_key,
    dates.weekday_name,
    count(*) as orders,
    sum(transactions.order_total_amount) as revenue
from silver.fact_transactions as transactions
join silver.dim_date as dates on transactions.date_key = dates.date_key
where transactions.event_type = 'purchase'
group by transactions.date_key, dates.weekday_name
`;

/** The same by sums that follow what is new. */
const ADDITIVE = BY_DAY.replace('load: replace_days', 'load: additive\ncount: orders')
  .replace(
    'description: Name of the weekday }',
    `description: Name of the weekday, derived: '(select dates.weekday_name from silver.dim_date as dates where dates.date_key = weekday_sales.date_key)' }`,
  )
  .replace(
    /select\n[\s\S]*$/,
    `select date_key, count(*) as orders, sum(order_total_amount) as revenue
from silver.fact_transactions
where event_type = 'purchase'
group by date_key
`,
  );

let folder: string;
let db: TestDatabase;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'medallion-mart-'));
  db = await createTestDatabase();
});

afterEach(async () => {
  await db.drop();
  await rm(folder, { recursive: true, force: true });
});

async function medallion(args: readonly string[], bin?: string, input?: string): Promise<string> {
  const result = await runCli(args, {
    cwd: folder,
    env: { DATABASE_URL: db.url },
    ...(bin === undefined ? {} : { bin }),
    ...(input === undefined ? {} : { input }),
  });
  expect(result, args.join(' ')).toMatchObject({ code: 0 });
  return result.stdout;
}

const sale = (id: string, at: string, total: number): string =>
  `${purchase({ id, at, order: { total_amount: total } })}\n`;
const MART = `select date_key::text as day, weekday_name as weekday, orders::text, revenue::text, xmin::text as version
  from gold.weekday_sales order by date_key`;
const COMMENTS = `select coalesce(a.attname, '') as column, d.description
  from pg_description d left join pg_attribute a on a.attrelid = d.objoid and a.attnum = d.objsubid and d.objsubid > 0
  where d.classoid = 'pg_class'::regclass and d.objoid = 'gold.weekday_sales'::regclass order by d.objsubid`;
const KEY = `select pg_get_constraintdef(oid) as key from pg_constraint
  where conrelid = 'gold.weekday_sales'::regclass and contype = 'p'`;

test.each([
  ['replace_days', BY_DAY],
  ['additive', ADDITIVE],
])(
  'one .sql file (%s) is a mart: its table, key, comments, history, and then only the days that change',
  async (_, sql) => {
    // 2026-01-01 is a Thursday.
    const history = [
      sale('a', '2026-01-01T10:00:00', 11.2),
      sale('b', '2026-01-01T23:59:59', 0.05),
      sale('c', '2026-01-02T00:00:00', 20),
      sale('d', '2024-02-29T12:00:00', 5.5),
    ];
    await medallion(['ingest', '--from', '-'], undefined, history.join(''));
    await medallion(['promote']);

    const bin = installMedallion(path.join(folder, 'medallion'));
    const file = path.join(folder, 'medallion', 'sql', 'gold', 'weekday_sales.sql');
    await writeFile(file, sql);
    expect(await medallion(['promote'], bin)).toMatch(/^gold\.weekday_sales +\d +3 +0 /m);
    const whole = await rowsOf(db.settings, MART);
    expect(whole).toMatchObject([
      { day: '2024-02-29', weekday: 'Thursday', orders: '1', revenue: '5.50' },
      { day: '2026-01-01', weekday: 'Thursday', orders: '2', revenue: '11.25' },
      { day: '2026-01-02', weekday: 'Friday', orders: '1', revenue: '20.00' },
    ]);
    expect(await rowsOf(db.settings, KEY)).toEqual([{ key: 'PRIMARY KEY (date_key)' }]);
    expect(await rowsOf(db.settings, COMMENTS)).toEqual([
      { column: '', description: expect.stringContaining('Sales by day, with the name') as string },
      { column: 'date_key', description: 'UTC day' },
      { column: 'weekday_name', description: 'Name of the weekday' },
      { column: 'orders', description: 'Purchases' },
      { column: 'revenue', description: 'Sum of the order totals' },
    ]);

    const late = sale('e', '2026-01-01T12:00:00', 100) + sale('f', '2026-01-03T12:00:00', 7);
    await medallion(['ingest', '--from', '-'], bin, late);
    await medallion(['promote'], bin);
    const [leapDay, , friday] = whole;
    expect(await rowsOf(db.settings, MART)).toEqual([
      // The same row as before, not one written again.
      leapDay,
      {
        day: '2026-01-01',
        weekday: 'Thursday',
        orders: '3',
        revenue: '111.25',
        version: expect.not.stringMatching(`^${String(whole[1]?.['version'])}$`) as string,
      },
      friday,
      {
        day: '2026-01-03',
        weekday: 'Saturday',
        orders: '1',
        revenue: '7.00',
        version: expect.any(String) as string,
      },
    ]);
  },
);
