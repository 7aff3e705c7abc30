import { expect, test } from 'vitest';
import { withClient } from '../../src/postgres/client.ts';
import { rowsOf as namedRows } from '../../src/query/ask.ts';
import { report } from '../../src/query/report/report.ts';
import { listRuns, showRun } from '../../src/query/runs.ts';
import { purchase } from '../support/orders.ts';
import { rowOf, rowsOf } from '../support/promotion.ts';
import { useWarehouse } from '../support/warehouse.ts';

/** Long over. */
const DAY = '2026-01-02';

const db = useWarehouse();

/** Promotes one purchase of 100.00, and says how many days that restated. */
async function sell(id: string, at: string, total = 100): Promise<number | undefined> {
  const { gold } = await db.arrive(purchase({ id, at, order: { total_amount: total } }));
  return gold?.restated;
}

async function publishedAt(at: string): Promise<void> {
  await rowsOf(db.settings, `update medallion.day_publications set published_at = $1`, [at]);
}

/** The days that gold.restatements has; report and runs say the same. */
async function restatements(): Promise<unknown[]> {
  const columns = ['date_key', 'old_orders', 'new_orders', 'late_events'] as const;
  const named = (row: Readonly<Record<string, string | null>>): unknown =>
    Object.fromEntries(columns.map((name) => [name, row[name]]));
  const inGold = await rowsOf(
    db.settings,
    'select date_key, old_orders, new_orders, late_events from gold.restatements order by run_id desc',
  );

  const { rows } = await withClient(db.settings, (client) =>
    listRuns(client, { idle: true, limit: 100 }),
  );
  const inRuns: unknown[] = [];
  for (const [run] of rows) {
    const { restatements: days } = await withClient(db.settings, (client) =>
      showRun(client, BigInt(run ?? '')),
    );
    inRuns.push(...namedRows(days).map(named));
  }
  expect(inRuns).toEqual(inGold);

  const request = {
    since: DAY,
    until: '9998-12-31',
    sections: ['restatements'],
    top: 100,
  } as const;
  const { sections } = await withClient(db.settings, (client) => report(client, request));
  expect(sections.restatements?.rows.map(named)).toEqual(inGold);
  return inGold;
}

test('a day that is not over is not restated when it grows or an order of it changes, as gold, report and runs say', async () => {
  const { now } = await rowOf(
    db.settings,
    `select to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS') as now`,
  );
  expect(await sell('t1', now ?? '')).toBe(0);
  expect(await sell('t2', now ?? '')).toBe(0);
  expect(await sell('t2', now ?? '', 40)).toBe(0);
  expect(await restatements()).toEqual([]);
  expect(await rowOf(db.settings, 'select total_orders from gold.sales_performance')).toEqual({
    total_orders: '2',
  });
});

test('nor is yesterday by the publication that brings the rest of it, but from then on', async () => {
  await sell('t1', `${DAY}T10:00:00`);
  await publishedAt(`${DAY} 23:59:59.999+00`);
  expect(await sell('t2', `${DAY}T23:59:59`)).toBe(0);
  expect(await sell('t3', `${DAY}T12:00:00`)).toBe(1);
  expect(await restatements()).toEqual([
    { date_key: DAY, old_orders: '2', new_orders: '3', late_events: '1' },
  ]);
});

test.each([
  ['at the midnight after it', '2026-01-03 00:00:00+00'],
  ['a moment later by a clock of another zone', '2026-01-02 19:00:01-05'],
])('what was published %s is restated', async (_when, at) => {
  await sell('t1', `${DAY}T10:00:00`);
  await publishedAt(at);
  expect(await sell('t2', `${DAY}T11:00:00`)).toBe(1);
});

test('of a day that an older version published it is enough that it is over', async () => {
  await sell('t1', `${DAY}T10:00:00`);
  await rowsOf(db.settings, 'delete from medallion.day_publications');
  expect(await sell('t2', `${DAY}T11:00:00`)).toBe(1);
});
