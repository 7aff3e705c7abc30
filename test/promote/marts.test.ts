import { expect, test } from 'vitest';
import { loadModels, type Models } from '../../src/model/load.ts';
import { purchase } from '../support/orders.ts';
import { withDatabase } from '../support/postgres.ts';
import { landEvents, promoteAll, rowsOf } from '../support/promotion.ts';

test('a mart by month may be made from one by day, in the same run and in those that follow', async () => {
  await withDatabase(async ({ settings }) => {
    const models = withMonths();
    const months = (): Promise<unknown> =>
      rowsOf(settings, 'select month_key, orders, revenue from gold.sales_by_month order by 1');
    await landEvents(settings, [
      order('a', '2026-01-01T10:00:00', 1),
      order('b', '2026-01-31T23:59:59', 2),
      order('c', '2026-02-01T00:00:00', 4),
    ]);
    await promoteAll(settings, { models });
    expect(await months()).toEqual([
      { month_key: '2026-01-01', orders: '2', revenue: '3.00' },
      { month_key: '2026-02-01', orders: '1', revenue: '4.00' },
    ]);
    // A new day of a month that has others, and nothing of the other month.
    await landEvents(settings, [order('d', '2026-01-15T10:00:00', 8)], { from: 3 });
    await promoteAll(settings, { models });
    expect(await months()).toEqual([
      { month_key: '2026-01-01', orders: '3', revenue: '11.00' },
      { month_key: '2026-02-01', orders: '1', revenue: '4.00' },
    ]);
  });
});

const order = (id: string, at: string, total: number): string =>
  purchase({ id, at, order: { total_amount: total } });

function withMonths(): Models {
  const { silver, gold } = loadModels();
  const [mart] = gold;
  if (mart === undefined) {
    throw new Error('no mart to start from');
  }
  const column = (name: string, type: string) => ({
    name,
    type,
    description: name,
    nullable: false,
  });
  return {
    silver,
    gold: [
      ...gold,
      {
        ...mart,
        ...{ name: 'sales_by_month', id: 'gold.sales_by_month', file: 'sales_by_month.sql' },
        ...{ load: 'replace_months', count: undefined, within: [], restatements: undefined },
        key: ['month_key'],
        columns: [
          column('month_key', 'date'),
          column('orders', 'numeric(38,0)'),
          column('revenue', 'numeric(38,2)'),
        ],
        ...{ unique: [], indexes: [], checks: [] },
        sql: `select cast(date_trunc('month', date_key) as date) as month_key,
                     sum(total_orders) as orders, sum(order_total_amount_day) as revenue
              from gold.sales_performance group by all`,
        ...{ sources: ['gold.sales_performance'], inputs: ['gold.sales_performance'] },
      },
    ],
  };
}
