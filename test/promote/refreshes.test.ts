import { expect, test } from 'vitest';
import type { ConnectionSettings } from '../../src/config/server.ts';
import { purchase } from '../support/orders.ts';
import { withDatabase } from '../support/postgres.ts';
import { landEvents, promoteAll, rowsOf } from '../support/promotion.ts';

/** A mart that compares everybody is computed every so often: by a watch at most as its header says. */

const order = (id: string, total: number): string =>
  purchase({ id, at: '2026-01-01T10:00:00', order: { total_amount: total } });

async function expectRevenue(
  settings: ConnectionSettings,
  revenue: { ranked: string; current: string },
): Promise<void> {
  const of = (mart: string): Promise<unknown> =>
    rowsOf(settings, `select revenue from gold.${mart}`);
  expect(await of('customer_performance')).toEqual([{ revenue: revenue.ranked }]);
  expect(await of('customer_sales')).toEqual([{ revenue: revenue.current }]);
}

const behind = (settings: ConnectionSettings): Promise<unknown[]> =>
  rowsOf(settings, 'select from medallion.refreshed_marts where pending_since is not null');

const age = (settings: ConnectionSettings, interval: string): Promise<unknown> =>
  rowsOf(
    settings,
    `update medallion.refreshed_marts set refreshed_at = refreshed_at - interval '${interval}'`,
  );

test('a watch leaves the ranking for later, and makes it when it is due, also without a new event', async () => {
  await withDatabase(async ({ settings }) => {
    await landEvents(settings, [order('a', 1)]);
    await promoteAll(settings, { every: 'due mart' });
    await expectRevenue(settings, { ranked: '1.00', current: '1.00' });

    await landEvents(settings, [order('b', 2)], { from: 1 });
    await promoteAll(settings, { every: 'due mart' });
    await expectRevenue(settings, { ranked: '1.00', current: '3.00' });
    expect(await behind(settings)).toHaveLength(1);
    await promoteAll(settings, { every: 'due mart' });
    expect(await behind(settings)).toHaveLength(1);

    await age(settings, '15 minutes');
    const { gold } = await promoteAll(settings, { every: 'due mart' });
    expect(gold?.days).toEqual([]);
    await expectRevenue(settings, { ranked: '3.00', current: '3.00' });
    expect(await behind(settings)).toEqual([]);
  });
});

test('it is due when a day has ended, and whenever a promotion is asked for', async () => {
  await withDatabase(async ({ settings }) => {
    await landEvents(settings, [order('a', 1)]);
    await promoteAll(settings);
    await landEvents(settings, [order('b', 2)], { from: 1 });
    await promoteAll(settings, { every: 'due mart' });
    await expectRevenue(settings, { ranked: '1.00', current: '3.00' });
    // Asked for, without a new event.
    await promoteAll(settings);
    await expectRevenue(settings, { ranked: '3.00', current: '3.00' });

    // On the day before, and less than a quarter of an hour ago where that is midnight.
    await rowsOf(
      settings,
      `update medallion.refreshed_marts
       set refreshed_at = (date_trunc('day', now() at time zone 'UTC') - interval '1 second') at time zone 'UTC'`,
    );
    await landEvents(settings, [order('c', 4)], { from: 2 });
    await promoteAll(settings, { every: 'due mart' });
    await expectRevenue(settings, { ranked: '7.00', current: '7.00' });
  });
});
