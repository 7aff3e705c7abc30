import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadModels, type Models } from '../../src/model/load.ts';
import { purchase } from '../support/orders.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { answersOf, landEvents, promoteAll, rowOf, rowsOf } from '../support/promotion.ts';

/** Gold follows what a run adds to silver and takes away; made whole from silver, the answer is the same. */

let db: TestDatabase;

beforeEach(async () => {
  db = await createTestDatabase();
});

afterEach(async () => {
  await db.drop();
});

const order = (id: string, at: string, total: number, items = [{}, { id: 'prod_2' }]): string =>
  purchase({ id, at, order: { total_amount: total }, items });

/** What gold says when it is made from the warehouse alone. */
async function goldReadBack(): Promise<Record<string, unknown>> {
  await promoteAll(db.settings, { silver: false, fullRefresh: true });
  return answersOf(db.settings);
}

async function linesRead(): Promise<number> {
  // Counted by PostgreSQL itself; a session hands in its counts when it ends.
  const { read } = await rowOf(
    db.settings,
    `select pg_stat_force_next_flush() as flushed, seq_tup_read + idx_tup_fetch as read
     from pg_stat_user_tables where relname = 'fact_transaction_lines'`,
  );
  return Number(read);
}

test('a first promotion in many batches reads no order line back', async () => {
  const days = [...Array(20).keys()];
  await landEvents(
    db.settings,
    days.map((n) => order(`t${n}`, `2026-01-${String(1 + (n % 5)).padStart(2, '0')}T10:00:00`, n)),
  );
  await promoteAll(db.settings, { chunkRows: 3 });
  // Its two indexes are built when all lines are there.
  expect(await linesRead()).toBe(2 * 40);
  const answers = await answersOf(db.settings);
  expect(answers['sales']).toHaveLength(5);
  expect(await goldReadBack()).toEqual(answers);
  expect(await linesRead()).toBeGreaterThan(2 * 40);
});

test('days of this run, of runs before and of both: corrected, moved and repeated between batches', async () => {
  const runs = [
    [order('a', '2026-01-01T10:00:00', 1), order('b', '2026-01-02T10:00:00', 2)],
    [
      // b once more, and d, which is written and corrected by batches of one run; a leaves its day for one of its own.
      order('c', '2026-01-02T11:00:00', 4),
      order('d', '2026-01-03T10:00:00', 8),
      order('b', '2026-01-02T10:00:00', 2),
      order('e', '2026-02-01T10:00:00', 16),
      order('d', '2026-01-03T10:00:01', 32, [{}]),
      order('a', '2026-01-04T10:00:00', 64),
      order('e', '2026-02-01T10:00:00', 16),
    ],
  ];
  let from = 0;
  for (const events of runs) {
    await landEvents(db.settings, events, { from });
    from += events.length;
    await promoteAll(db.settings, { chunkRows: 1 });
  }
  const answers = await answersOf(db.settings);
  expect(
    await rowsOf(
      db.settings,
      'select date_key, total_orders, order_total_amount_day as total from gold.sales_performance order by 1',
    ),
  ).toEqual([
    { date_key: '2026-01-02', total_orders: '2', total: '6.00' },
    { date_key: '2026-01-03', total_orders: '1', total: '32.00' },
    { date_key: '2026-01-04', total_orders: '1', total: '64.00' },
    { date_key: '2026-02-01', total_orders: '1', total: '16.00' },
  ]);
  expect(await goldReadBack()).toEqual(answers);
});

test('a mart that names the place in the log sees where a repeated event stood last', async () => {
  await landEvents(db.settings, [
    order('a', '2026-01-01T10:00:00', 1),
    order('b', '2026-01-01T11:00:00', 1),
    order('a', '2026-01-01T10:00:00', 1),
  ]);
  await promoteAll(db.settings, { chunkRows: 1, models: withMart() });
  expect(await rowOf(db.settings, 'select last_offset from gold.last_places')).toEqual({
    last_offset: '2',
  });
});

function withMart(): Models {
  const { silver, gold } = loadModels();
  const mart = gold.find(({ name }) => name === 'payment_performance');
  if (mart === undefined) {
    throw new Error('no mart to start from');
  }
  return {
    silver,
    gold: [
      ...gold,
      {
        ...mart,
        ...{
          name: 'last_places',
          id: 'gold.last_places',
          file: 'last_places.sql',
          key: ['date_key'],
        },
        columns: [
          { name: 'date_key', type: 'date', description: 'Day', nullable: false },
          { name: 'last_offset', type: 'bigint', description: 'Offset', nullable: false },
        ],
        ...{ load: 'replace_days', count: undefined, unique: [], indexes: [], checks: [] },
        sources: ['silver.fact_transactions'],
        sql: 'select date_key, max("offset") as last_offset from silver.fact_transactions group by date_key',
        inputs: ['silver.fact_transactions'],
      },
    ],
  };
}
