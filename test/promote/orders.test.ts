import { describe, expect, test } from 'vitest';
import { purchase } from '../support/orders.ts';
import { ENGINES, useEngine } from '../support/promotion.ts';
import { useWarehouse } from '../support/warehouse.ts';

/** What orders of any shop say beyond the first shape. */
describe.each(ENGINES)('orders by %s', (engine) => {
  useEngine(engine);
  const { arrive, ask } = useWarehouse();

  const days = (): ReturnType<typeof ask> =>
    ask(`select date_key, total_orders, total_customers, order_total_amount_day, avg_customer_ticket
       from gold.sales_performance order by 1`);

  test('a later status keeps the day on which the order was made', async () => {
    const details = { ordered_at: '2026-01-01T23:59:59' };
    await arrive(
      purchase({ id: 'a', at: '2026-01-01T23:59:59', order: { status: 'placed' } }),
      purchase({ id: 'b', at: '2026-01-02T08:00:00' }),
    );
    // The same order, without and with a word on when it was made.
    await arrive(purchase({ id: 'a', at: '2026-01-03T10:00:00', order: { status: 3 }, details }));
    expect(
      await ask(`select transaction_id, date_key, order_status_id,
           to_char(ordered_at, 'DD HH24:MI:SS') as ordered, to_char(event_timestamp, 'DD HH24:MI:SS') as happened
         from silver.fact_transactions order by 1`),
    ).toEqual([
      {
        ...{ transaction_id: 'a', date_key: '2026-01-01', order_status_id: '3' },
        ...{ ordered: '01 23:59:59', happened: '03 10:00:00' },
      },
      {
        ...{ transaction_id: 'b', date_key: '2026-01-02', order_status_id: '1' },
        ...{ ordered: '02 08:00:00', happened: '02 08:00:00' },
      },
    ]);
    const { silver } = await arrive(
      purchase({ id: 'a', at: '2026-01-02T10:00:00', order: { status: 2 }, details }),
    );
    expect(silver).toMatchObject({ written: 0, superseded: 1 });
    expect(await days()).toMatchObject([
      { date_key: '2026-01-01', total_orders: '1' },
      { date_key: '2026-01-02', total_orders: '1' },
    ]);
  });

  test('a correction of when the order was made moves it', async () => {
    await arrive(purchase({ id: 'a', at: '2026-01-05T10:00:00' }));
    const { gold } = await arrive(
      purchase({
        ...{ id: 'a', at: '2026-01-05T10:00:00' },
        details: { ordered_at: '2026-01-04T10:00:00' },
      }),
    );
    expect(gold?.days).toEqual(['2026-01-04', '2026-01-05']);
    expect(await days()).toMatchObject([{ date_key: '2026-01-04', total_orders: '1' }]);
    expect(
      await ask(`select to_char(first_order_at, 'DD HH24') as first from gold.customer_sales`),
    ).toEqual([{ first: '04 10' }]);
  });

  test('an order of a guest counts, the guest does not', async () => {
    await arrive(
      purchase({ id: 'a', at: '2026-01-01T10:00:00', customer: { id: 'c1' } }),
      purchase({ id: 'b', at: '2026-01-01T11:00:00', customer: { guest: true } }),
      purchase({ id: 'c', at: '2026-01-01T12:00:00', customer: { guest: true, city: 'Bonn' } }),
      purchase({ id: 'd', at: '2026-01-02T12:00:00', customer: { guest: true } }),
    );
    expect(await days()).toEqual([
      {
        ...{ date_key: '2026-01-01', total_orders: '3', total_customers: '1' },
        ...{ order_total_amount_day: '33.60', avg_customer_ticket: '11.2000' },
      },
      {
        ...{ date_key: '2026-01-02', total_orders: '1', total_customers: '0' },
        ...{ order_total_amount_day: '11.20', avg_customer_ticket: null },
      },
    ]);
    const [counts] = await ask(`select (select count(*) from silver.dim_customers) as customers,
              (select count(*) from silver.dim_customer_versions) as versions,
              (select count(*) from silver.fact_transactions_with_customer) as transactions,
              (select count(*) from silver.fact_transactions where customer_id is null) as guests,
              (select count(*) from gold.customer_sales) as buyers,
              (select sum(customers) from gold.customer_cohorts) as cohorts,
              (select sum(customers) from gold.geography_performance) as by_place,
              (select count(*) from gold.customer_performance) as ranked`);
    expect(counts).toEqual({
      ...{ customers: '1', versions: '1', transactions: '4', guests: '3', buyers: '1' },
      ...{ cohorts: '1', by_place: '1', ranked: '1' },
    });
    // A guest who turns out to be a customer.
    await arrive(
      purchase({ id: 'd', at: '2026-01-02T13:00:00', customer: { id: 'c1' } }),
      purchase({ id: 'b', at: '2026-01-01T11:00:01', customer: { guest: true } }),
    );
    expect(await days()).toMatchObject([
      { total_customers: '1' },
      { total_customers: '1', avg_customer_ticket: '11.2000' },
    ]);
    // Names and codes in the place of ids, and a total with the tax inside.
    const { checks } = await arrive(
      purchase({
        ...{ id: 'e', at: '2026-01-03T10:00:00' },
        order: {
          ...{ status: ' Cancelled', payment_method: 'PayPal', currency: 'usd' },
          ...{ tax_included: true, total_amount: 10.2 },
        },
      }),
    );
    expect(checks.filter(({ failing }) => failing > 0)).toEqual([]);
    expect(
      await ask(`select order_status_id, order_payment_method_id, order_currency_id
         from silver.fact_transactions where transaction_id = 'e'`),
    ).toEqual([{ order_status_id: '6', order_payment_method_id: '2', order_currency_id: '2' }]);
  });
});
