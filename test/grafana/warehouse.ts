import { withClient } from '../../src/postgres/client.ts';
import { purchase } from '../support/orders.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { landEvents, promoteAll } from '../support/promotion.ts';

/** The days that the tests ask for, as Grafana gives whole days. Before them lie as many: 2019-12-29 to 2019-12-31. */
export const DAYS = { from: '2020-01-01T00:00:00Z', to: '2020-01-03T23:59:59.999Z' };

const PIPE = { id: '6" pipe' };
const T1 = purchase({
  id: 't1',
  at: '2020-01-01T00:00:00',
  order: { total_amount: 100 },
  items: [{ quantity: 2 }],
});
const T3 = { id: 't3', items: [PIPE] };

/**
 * Sales that can be added up by hand, in a real gold. A line has 10.00 and cost 4.00 for one unit unless it says otherwise.
 *
 *     t0  2019-12-31  cust_3  FR Lyon    cash         200.00 EUR   1 x prod_3 (garden) 180.00 cost 100.00
 *     t1  2020-01-01  cust_1  DE Berlin  credit card  100.00 EUR   2 x prod_1 (books)                       comes twice
 *     t2  2020-01-01  cust_2  FR Paris   paypal        50.50 USD   1 x prod_2 (d'or) 20.25 cost 10.00, 1 x prod_1 (books)
 *     t3  2020-01-02  cust_1  DE Berlin  credit card   40.00 EUR   1 x 6" pipe (books)                      30.00 at first
 *     t4  2020-01-03  waits for promotion
 *     t5  2020-01-03  rejected: its payment method is unknown; and an event that is no JSON
 *
 * The first promotion has t0 to t3 and t1 again, the second one the correction of t3 and the rejected ones. The metadata knows
 * one ingest of all nine events, and one that failed.
 */
export async function salesWarehouse(): Promise<TestDatabase> {
  const database = await createTestDatabase();
  const { settings } = database;
  await landEvents(settings, [
    purchase({
      id: 't0',
      at: '2019-12-31T23:59:59',
      customer: { id: 'cust_3', country: 'FR', city: 'Lyon' },
      order: { total_amount: 200, payment_method: 3 },
      items: [{ id: 'prod_3', category: 'garden', unit_price: 180, cost: 100 }],
    }),
    T1,
    purchase({
      id: 't2',
      at: '2020-01-01T12:00:00',
      customer: { id: 'cust_2', country: 'FR', city: 'Paris' },
      order: { total_amount: 50.5, payment_method: 2, currency: 2 },
      items: [{ id: 'prod_2', category: "d'or", unit_price: 20.25, cost: 10 }, {}],
    }),
    purchase({ ...T3, at: '2020-01-02T09:00:00', order: { total_amount: 30 } }),
    T1,
  ]);
  await promoteAll(settings);
  await landEvents(
    settings,
    [
      purchase({ ...T3, at: '2020-01-02T09:30:00', order: { total_amount: 40 } }),
      '{"broken',
      purchase({ id: 't5', at: '2020-01-03T08:00:00', order: { payment_method: 99 } }),
    ],
    { from: 5 },
  );
  await promoteAll(settings);
  await landEvents(settings, [purchase({ id: 't4', at: '2020-01-03T09:00:00' })], { from: 8 });
  await withClient(settings, async (client) => {
    await client.query(`
      update medallion.offsets set last_produced_at = '2026-02-01 00:00:08+00';
      insert into medallion.runs (command, version, arguments, started_at, finished_at, outcome) values
          ('ingest', '0.1.0', '{}', now() - interval '2 minutes', now() - interval '1 minute', 'done'),
          ('ingest', '0.1.0', '{}', now() - interval '2 minutes', now() - interval '1 minute', 'failed');
      insert into medallion.run_partitions (run_id, topic, partition, from_offset, to_offset, events)
      select min(run_id), 'sales', 0, 0, 9, 9 from medallion.runs where command = 'ingest'`);
  });
  return database;
}
