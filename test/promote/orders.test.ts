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

  test('a refund is taken back on its own day, whole or in part, and leaves the marts of purchases alone', async () => {
    const netSales = (): Promise<unknown> =>
      ask(
        `select date_key, currency, orders, gross_sales, discounts, returns, net_sales, shipping, taxes, total_sales
         from gold.net_sales order by 1`,
      );
    // 3 x 45.56; 10 %, 2 % and 10 % of that, rounded.
    const whole = {
      order: {
        ...{ subtotal: 136.68, tax_amount: 13.67, shipping_amount: 2.73 },
        ...{ discount_amount: 13.67, total_amount: 139.41 },
      },
      items: [{ unit_price: 45.56, quantity: 3, discount: 4.56 }],
    };
    const cup = { id: 'cup', unit_price: 10, quantity: 2, discount: 1 };
    const partial = { subtotal: 10, tax_amount: 1, shipping_amount: 0, discount_amount: 1 };
    const refundOfPart = (at: string, order: object): string =>
      purchase({
        ...{ id: 'r2', at, type: 'refund', details: { refunds: 'o2' } },
        order: { currency: 2, ...partial, ...order },
        items: [{ ...cup, quantity: 1 }],
      });
    const { checks } = await arrive(
      purchase({ id: 'o1', at: '2026-01-01T10:00:00', ...whole }),
      purchase({
        ...{ id: 'r1', at: '2026-01-01T18:00:00', type: 'refund', details: { refunds: 'o1' } },
        ...whole,
      }),
      purchase({
        ...{ id: 'o2', at: '2026-01-02T10:00:00' },
        order: {
          ...{ currency: 2, subtotal: 50, tax_amount: 5, shipping_amount: 1 },
          ...{ discount_amount: 5, total_amount: 51 },
        },
        items: [cup, { id: 'pot', unit_price: 30, quantity: 1, discount: 3 }],
      }),
      refundOfPart('2026-01-03T10:00:00', { total_amount: 10 }),
    );
    expect(checks.filter(({ failing }) => failing > 0)).toEqual([]);
    expect(
      await ask(
        `select transaction_id, event_type, refunds, date_key, order_total_amount as total
         from silver.fact_transactions where event_type <> 'purchase' order by 1`,
      ),
    ).toEqual([
      {
        ...{ transaction_id: 'r1', event_type: 'refund', refunds: 'o1' },
        ...{ date_key: '2026-01-01', total: '139.41' },
      },
      {
        ...{ transaction_id: 'r2', event_type: 'refund', refunds: 'o2' },
        ...{ date_key: '2026-01-03', total: '10.00' },
      },
    ]);
    const first = {
      // 136.68 - 13.67
      ...{ date_key: '2026-01-01', currency: 'EUR', orders: '1', gross_sales: '136.68' },
      ...{ discounts: '13.67', returns: '123.01', net_sales: '0.00' },
      ...{ shipping: '0.00', taxes: '0.00', total_sales: '0.00' },
    };
    const second = {
      ...{ date_key: '2026-01-02', currency: 'USD', orders: '1', gross_sales: '50.00' },
      ...{ discounts: '5.00', returns: '0.00', net_sales: '45.00' },
      ...{ shipping: '1.00', taxes: '5.00', total_sales: '51.00' },
    };
    const third = {
      ...{ date_key: '2026-01-03', currency: 'USD', orders: '0', gross_sales: '0.00' },
      ...{ discounts: '0.00', returns: '9.00', net_sales: '-9.00' },
      ...{ shipping: '0.00', taxes: '-1.00', total_sales: '-10.00' },
    };
    expect(await netSales()).toEqual([first, second, third]);
    // The shipping was paid back, too.
    const { gold } = await arrive(
      refundOfPart('2026-01-03T12:00:00', { shipping_amount: 1, total_amount: 11 }),
    );
    expect(gold?.days).toEqual(['2026-01-03']);
    const corrected = { ...third, shipping: '-1.00', total_sales: '-11.00' };
    expect(await netSales()).toEqual([first, second, corrected]);
    expect(await days()).toMatchObject([
      { date_key: '2026-01-01', total_orders: '1', order_total_amount_day: '139.41' },
      { date_key: '2026-01-02', total_orders: '1', order_total_amount_day: '51.00' },
    ]);
    expect(await ask('select orders, revenue from gold.customer_sales')).toEqual([
      { orders: '2', revenue: '190.41' },
    ]);
  });
});
