import { describe, expect, test } from 'vitest';
import { DEFAULT_REPORTING } from '../../src/config/reporting.ts';
import { loadModels } from '../../src/model/load.ts';
import { planTables } from '../../src/promote/plan.ts';
import { purchase } from '../support/orders.ts';
import { ENGINES, landEvents, promoteAll, rowOf, useEngine } from '../support/promotion.ts';
import { useWarehouse } from '../support/warehouse.ts';

const reporting = { ...DEFAULT_REPORTING, currency: 'EUR' };
const UNRATED = 'the amounts have an exchange rate to the currency of the reports';

const db = useWarehouse({ promotion: { reporting } });
const { arrive, ask } = db;

describe.each(ENGINES)('report.currency by %s', (engine) => {
  useEngine(engine);

  test('converts each order by its own rate, else by that of its day; without one its money stays out', async () => {
    await promoteAll(db.settings, { reporting });
    await ask(`insert into silver.dim_currency (id, name, code) values (3, 'Krona', 'SEK')`);
    await ask(`insert into silver.exchange_rates values
      ('usd', '2026-01-01', 0.85), ('US-DOLLAR', '2026-01-02', 0.87654), ('USD', '2026-01-03', 0.5)`);
    const { checks } = await arrive(
      purchase({ id: 'euro', at: '2026-01-01T10:00:00' }),
      // Its own rate, not the 0.85 of the day.
      purchase({
        ...{ id: 'own', at: '2026-01-01T11:00:00' },
        order: { currency: 2, exchange_rate: '0.9' },
      }),
      purchase({ id: 'table', at: '2026-01-02T12:00:00', order: { currency: 'USD' } }),
      purchase({ id: 'none', at: '2026-01-02T13:00:00', order: { currency: 'SEK' } }),
    );
    expect(checks.find(({ name }) => name === UNRATED)).toMatchObject({ failing: 1 });
    expect(
      await ask(
        `select transaction_id, reporting_currency_id, reporting_rate
         from silver.fact_transactions order by 1`,
      ),
    ).toEqual([
      { transaction_id: 'euro', reporting_currency_id: '1', reporting_rate: '1.0000000000' },
      { transaction_id: 'none', reporting_currency_id: '1', reporting_rate: null },
      { transaction_id: 'own', reporting_currency_id: '1', reporting_rate: '0.9000000000' },
      { transaction_id: 'table', reporting_currency_id: '1', reporting_rate: '0.8765400000' },
    ]);
    // 11.20 + 11.20 x 0.9; 11.20 x 0.87654 = 9.817248. Each order is rounded alone.
    expect(
      await ask(
        `select date_key, total_orders, order_subtotal_day, order_tax_amount_day, order_total_amount_day
         from gold.sales_performance order by 1`,
      ),
    ).toEqual([
      {
        ...{ date_key: '2026-01-01', total_orders: '2', order_subtotal_day: '19.00' },
        ...{ order_tax_amount_day: '1.90', order_total_amount_day: '21.28' },
      },
      {
        ...{ date_key: '2026-01-02', total_orders: '2', order_subtotal_day: '8.77' },
        ...{ order_tax_amount_day: '0.88', order_total_amount_day: '9.82' },
      },
    ]);
    // 8.77 + 0.18 + 0.88
    expect(
      await ask(
        `select date_key, currency, orders, gross_sales, shipping, taxes, total_sales
         from gold.net_sales order by 1`,
      ),
    ).toEqual([
      {
        ...{ date_key: '2026-01-01', currency: 'EUR', orders: '2', gross_sales: '19.00' },
        ...{ shipping: '0.38', taxes: '1.90', total_sales: '21.28' },
      },
      {
        ...{ date_key: '2026-01-02', currency: 'EUR', orders: '2', gross_sales: '8.77' },
        ...{ shipping: '0.18', taxes: '0.88', total_sales: '9.83' },
      },
    ]);
    expect(
      await ask(`select currency, sum(orders) as orders, sum(revenue) as revenue
                 from gold.order_performance group by 1 order by 1`),
    ).toEqual([
      { currency: 'EUR', orders: '1', revenue: '11.20' },
      { currency: 'SEK', orders: '1', revenue: '0.00' },
      { currency: 'USD', orders: '2', revenue: '19.90' },
    ]);
    // Lines: 10.00 and 4.00 by the same rates; 8.7654, 3.50616.
    expect(
      await ask('select date_key, revenue, cost from gold.product_performance order by 1'),
    ).toEqual([
      { date_key: '2026-01-01', revenue: '19.00', cost: '7.60' },
      { date_key: '2026-01-02', revenue: '8.77', cost: '3.51' },
    ]);
    expect(
      await rowOf(
        db.settings,
        `select unit_prices from gold.item_category_performance where date_key = '2026-01-02'`,
      ),
    ).toEqual({ unit_prices: '8.7654' });

    // The rate that was missing comes in, and one that was used changes.
    await ask(`insert into silver.exchange_rates values ('SEK', '2026-01-01', 0.1)`);
    await ask(`update silver.exchange_rates set rate = 9 where valid_from = '2026-01-02'`);
    const { gold } = await promoteAll(db.settings, { reporting });
    expect(gold?.days).toEqual(['2026-01-02']);
    expect(
      await ask(
        `select currency, sum(revenue) as revenue from gold.order_performance group by 1 order by 1`,
      ),
    ).toEqual([
      { currency: 'EUR', revenue: '11.20' },
      { currency: 'SEK', revenue: '1.12' },
      { currency: 'USD', revenue: '19.90' },
    ]);
    // 11.20 + 1.12 + 10.08 + 9.82; what reads another mart follows it, too.
    for (const sum of [
      'select sum(revenue) as total from gold.customer_sales',
      'select sum(order_total_amount_day) as total from gold.sales_performance',
      'select sum(revenue) as total from gold.hourly_sales',
      'select sum(revenue) as total from gold.payment_performance',
    ]) {
      expect(await ask(sum)).toEqual([{ total: '32.22' }]);
    }
    // A correction takes away what the order was worth.
    await arrive(
      purchase({
        ...{ id: 'own', at: '2026-01-01T12:00:00' },
        order: { currency: 2, exchange_rate: 2, total_amount: 5 },
      }),
    );
    expect(
      await rowOf(
        db.settings,
        `select order_total_amount_day as total from gold.sales_performance where date_key = '2026-01-01'`,
      ),
    ).toEqual({ total: '21.20' });
  });
});

describe('another currency', () => {
  test('is taken by a full refresh alone', async () => {
    await landEvents(db.settings, [
      purchase({ id: 'a', at: '2026-01-01T10:00:00', order: { currency: 2, exchange_rate: 0.5 } }),
    ]);
    await promoteAll(db.settings);
    const total = (): ReturnType<typeof rowOf> =>
      rowOf(db.settings, 'select order_total_amount_day as total from gold.sales_performance');
    expect(await total()).toEqual({ total: '11.20' });
    await expect(promoteAll(db.settings, { reporting })).rejects.toMatchObject({
      code: 'config',
      message: 'report.currency is EUR, but silver and gold were made with not set',
    });
    expect(await planTables(db.settings, loadModels(), reporting)).toMatchObject([
      { model: 'report.currency', step: 'refresh', what: 'not set becomes EUR' },
    ]);
    await promoteAll(db.settings, { reporting, fullRefresh: true });
    expect(await total()).toEqual({ total: '5.60' });
    expect(await rowOf(db.settings, 'select currency from gold.reporting')).toEqual({
      currency: 'EUR',
    });
  });

  test('that silver does not hold is refused, and nothing changes', async () => {
    await expect(
      promoteAll(db.settings, { reporting: { ...reporting, currency: 'SEK' } }),
    ).rejects.toMatchObject({
      code: 'config',
      message: 'report.currency is SEK, which silver.dim_currency does not have',
    });
    expect(await rowOf(db.settings, 'select currency from gold.reporting')).toEqual({
      currency: null,
    });
  });
});
