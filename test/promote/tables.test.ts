import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadModels } from '../../src/model/load.ts';
import { migrateWarehouse } from '../../src/postgres/warehouse.ts';
import { purchase } from '../support/orders.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { answersOf, landEvents, promoteAll, rowOf, rowsOf } from '../support/promotion.ts';

const { silver, gold } = loadModels();
const EVENTS = [
  purchase({ id: 't1', at: '2026-01-01T10:00:00' }),
  purchase({ id: 't2', at: '2026-01-02T10:00:00', customer: { id: 'cust_2' } }),
];

let db: TestDatabase;

beforeEach(async () => {
  db = await createTestDatabase({ empty: true });
});

afterEach(async () => {
  await db.drop();
});

function unfilled(): Promise<Record<string, string | null>[]> {
  return rowsOf(db.settings, 'select model from medallion.unfilled_marts order by model');
}

test('every table and view of every model is there before the first promotion, empty but for the seeds that bring rows', async () => {
  await migrateWarehouse(db.settings);
  for (const { id, load } of [...silver, ...gold]) {
    const { rows } = await rowOf(db.settings, `select count(*) as rows from ${id}`);
    // Exchange rates are given by whoever runs the warehouse.
    const hasRows = load === 'seed' && id !== 'silver.exchange_rates';
    expect(Number(rows) > 0, id).toBe(hasRows);
  }
  expect(await unfilled()).toEqual(gold.map(({ id }) => ({ model: id })).sort(byModel));
  expect(await migrateWarehouse(db.settings)).toEqual([]);
});

function byModel(a: { model: string }, b: { model: string }): number {
  return a.model < b.model ? -1 : 1;
}

test('the first promotion fills them as those that it makes itself', async () => {
  await migrateWarehouse(db.settings);
  // Nothing to fill them with yet.
  await promoteAll(db.settings);
  expect(await unfilled()).not.toEqual([]);
  const other = await createTestDatabase();
  try {
    for (const { settings } of [db, other]) {
      await landEvents(settings, EVENTS);
      expect((await promoteAll(settings)).gold).toEqual({
        days: ['2026-01-01', '2026-01-02'],
        restated: 0,
      });
    }
    expect(await answersOf(db.settings)).toEqual(await answersOf(other.settings));
    expect(await unfilled()).toEqual([]);
  } finally {
    await other.drop();
  }
});

test('a mart that is new in this version is there at once, and has all days after the next promotion', async () => {
  await migrateWarehouse(db.settings);
  await landEvents(db.settings, EVENTS);
  await promoteAll(db.settings);
  const before = await answersOf(db.settings);
  await rowsOf(db.settings, 'drop table gold.customer_sales');
  await rowsOf(db.settings, 'drop table gold.geography_performance');
  await rowsOf(db.settings, 'delete from medallion.migrations where number = 16');
  await rowsOf(db.settings, 'drop table medallion.unfilled_marts, medallion.day_publications');
  await rowsOf(db.settings, 'drop view gold.quarantined_events');
  await rowsOf(db.settings, 'drop function gold.transaction_id_in');

  expect(await migrateWarehouse(db.settings)).toHaveLength(1);
  expect(await rowOf(db.settings, 'select count(*) as rows from gold.customer_sales')).toEqual({
    rows: '0',
  });
  expect((await promoteAll(db.settings)).gold?.restated).toBe(0);
  expect(await answersOf(db.settings)).toEqual(before);
  expect(await unfilled()).toEqual([]);
});

test('a table of somebody else is left, and the next promotion says so', async () => {
  await rowsOf(db.settings, 'create schema gold');
  await rowsOf(db.settings, 'create table gold.sales_performance (note text)');
  await migrateWarehouse(db.settings);
  expect(
    await rowOf(db.settings, `select to_regclass('silver.fact_transactions') as made`),
  ).toEqual({
    made: null,
  });
  await expect(promoteAll(db.settings)).rejects.toMatchObject({ code: 'config' });
});
