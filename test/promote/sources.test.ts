import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { withClient } from '../../src/postgres/client.ts';
import type { ProgressEvent } from '../../src/progress.ts';
import { planMappings } from '../../src/promote/plan.ts';
import type { Source } from '../../src/source/mapping.ts';
import { readSource } from '../../src/source/read.ts';
import { event } from '../support/wire-event.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { landEvents, promoteAll, quietContext, rowsOf } from '../support/promotion.ts';

const EXAMPLE = /```yaml\n([\s\S]*?)```/.exec(readFileSync('docs/sources.md', 'utf8'))?.[1] ?? '';
const sourceOf = (text: string): Source => readSource(text, 'sources/shop.yaml', []) as Source;
const sourcesOf = (text: string): ReadonlyMap<string, Source> =>
  new Map([['shop', sourceOf(text)]]);

const ORDER = {
  ...{ id: 820982911, updated_at: '2026-01-03T11:00:00-05:00', customer: { id: 207 } },
  ...{ shipping_address: { country_code: 'DE', city: 'Berlin' }, financial_status: 'paid' },
  ...{ payment_gateway_names: ['stripe'], currency: 'EUR', total_line_items_price: '50.00' },
  ...{ total_tax: '5.00', shipping_lines: [{ price: '2.50' }], total_discounts: '3.00' },
  line_items: [
    { sku: 'A', price: '20.00', quantity: 2, discount_allocations: [{ amount: '3.00' }] },
    { sku: '', product_id: 77, price: '10.00', quantity: 1, product_type: 'books' },
  ],
};

let db: TestDatabase;

async function execute(sql: string): Promise<void> {
  await withClient(db.settings, (client) => client.query(sql));
}

function notesOf({ events }: { readonly events: readonly ProgressEvent[] }): string[] {
  return events.flatMap((each) => (each.type === 'note' ? [each.message] : []));
}

beforeEach(async () => {
  db = await createTestDatabase();
});
afterEach(async () => {
  await db.drop();
});

test('a topic of a source is mapped, beside topics of events; a rejection names the path of the record', async () => {
  const bad = { ...ORDER, id: 2, line_items: [{ sku: 'A', price: 'seven', quantity: 1 }] };
  const voided = { ...ORDER, id: 3, financial_status: 'voided' };
  const orders = [ORDER, bad, voided].map((order) => JSON.stringify(order));
  await landEvents(db.settings, [...orders, '{"id":'], { topic: 'shop.orders' });
  await landEvents(db.settings, [event({})], { topic: 'sales' });
  await promoteAll(db.settings, { sources: sourcesOf(EXAMPLE) });
  expect(
    await rowsOf(
      db.settings,
      `select transaction_id, customer_id, customer_city, order_status_id, order_shipping_amount,
              order_total_amount, event_timestamp::text as at
       from silver.fact_transactions where topic = 'shop.orders'`,
    ),
  ).toEqual([
    {
      ...{ transaction_id: '820982911', customer_id: '207', customer_city: 'Berlin' },
      ...{ order_status_id: '1', order_shipping_amount: '2.50', order_total_amount: '54.50' },
      at: '2026-01-03 16:00:00+00',
    },
  ]);
  expect(
    await rowsOf(
      db.settings,
      `select item_id, category, unit_price, quantity, discount from silver.fact_transaction_items
       where topic = 'shop.orders' order by line_number`,
    ),
  ).toEqual([
    {
      item_id: 'A',
      category: 'unknown',
      unit_price: '20.0000',
      quantity: '2.000',
      discount: '1.5000',
    },
    {
      item_id: '77',
      category: 'books',
      unit_price: '10.0000',
      quantity: '1.000',
      discount: '0.0000',
    },
  ]);
  expect(
    await rowsOf(db.settings, 'select reason, field from bronze.quarantine order by "offset"'),
  ).toEqual([
    { reason: 'invalid_amount', field: 'line_items[0].price' },
    { reason: 'unknown_value', field: 'financial_status' },
    { reason: 'invalid_json', field: null },
  ]);
  expect(
    await rowsOf(
      db.settings,
      `select transaction_id from silver.fact_transactions where topic = 'sales'`,
    ),
  ).toHaveLength(1);
});

test('goods by weight keep 3 decimals where their source says so, and prices 4', async () => {
  const lines = [
    { sku: 'cheese', price: '12.995', quantity: 0.35 },
    { sku: 'nails', price: 0.0149, quantity: '1000.000' },
  ];
  const wrong = [0.0005, 0, '1000000.001'].map((quantity, index) => ({
    ...{ ...ORDER, id: index + 2, line_items: [{ sku: 'cheese', price: '1', quantity }] },
  }));
  const orders = [{ ...ORDER, id: 1, line_items: lines }, ...wrong];
  const events = orders.map((order) => JSON.stringify(order));
  await landEvents(db.settings, events, { topic: 'shop.orders' });
  const byWeight = EXAMPLE.replace(
    'quantity: quantity',
    'quantity: { path: quantity, decimals: 3 }',
  );
  await promoteAll(db.settings, { sources: sourcesOf(byWeight) });
  expect(
    await rowsOf(
      db.settings,
      'select item_id, unit_price, quantity from silver.fact_transaction_items order by line_number',
    ),
  ).toEqual([
    { item_id: 'cheese', unit_price: '12.9950', quantity: '0.350' },
    { item_id: 'nails', unit_price: '0.0149', quantity: '1000.000' },
  ]);
  // 0.35 x 12.995 is 4.54825.
  expect(
    await rowsOf(
      db.settings,
      'select item_id, units, revenue from gold.product_performance order by 1',
    ),
  ).toEqual([
    { item_id: 'cheese', units: '0.350', revenue: '4.55' },
    { item_id: 'nails', units: '1000.000', revenue: '14.90' },
  ]);
  expect(await rowsOf(db.settings, 'select distinct reason, field from bronze.quarantine')).toEqual(
    [{ reason: 'invalid_quantity', field: 'line_items[0].quantity' }],
  );
  // Whole ones are all that others take.
  await landEvents(db.settings, events.slice(0, 1), { topic: 'other.orders' });
  const whole = EXAMPLE.replace('shop.orders', 'other.orders');
  await promoteAll(db.settings, {
    sources: new Map([...sourcesOf(byWeight), ['other', { ...sourceOf(whole), name: 'other' }]]),
  });
  expect(
    await rowsOf(
      db.settings,
      `select reason, field from bronze.quarantine where topic = 'other.orders'`,
    ),
  ).toEqual([{ reason: 'invalid_quantity', field: 'line_items[0].quantity' }]);
});

test('a changed mapping maps what is new, says so, and maps the history with a full refresh', async () => {
  await landEvents(db.settings, [JSON.stringify(ORDER)], { topic: 'shop.orders' });
  await promoteAll(db.settings, { sources: sourcesOf(EXAMPLE) });
  const changed = sourcesOf(EXAMPLE.replace('tax: total_tax', 'tax: { value: 1 }'));
  await landEvents(db.settings, [JSON.stringify({ ...ORDER, id: 2 })], {
    ...{ topic: 'shop.orders', from: 1 },
  });
  const context = quietContext();
  await promoteAll(db.settings, { sources: changed, context });
  expect(context.events).toContainEqual(
    expect.objectContaining({
      type: 'note',
      message: expect.stringContaining('sources/shop.yaml has changed') as string,
    }),
  );
  const taxes = (): Promise<unknown> =>
    rowsOf(
      db.settings,
      'select order_tax_amount as tax from silver.fact_transactions order by "offset"',
    );
  expect(await taxes()).toEqual([{ tax: '5.00' }, { tax: '1.00' }]);
  await promoteAll(db.settings, { sources: changed, fullRefresh: true });
  expect(await taxes()).toEqual([{ tax: '1.00' }, { tax: '1.00' }]);
});

describe('which mapping was followed', () => {
  const CHANGED = EXAMPLE.replace('tax: total_tax', 'tax: { value: 1 }');
  const followed = (): Promise<unknown> =>
    rowsOf(
      db.settings,
      'select topic, source, mapping from medallion.topic_sources order by topic',
    );
  const planned = (text: string): Promise<unknown> => planMappings(db.settings, sourcesOf(text));

  test('is recorded with the events that it maps: not by a promotion that fails', async () => {
    await landEvents(db.settings, [JSON.stringify(ORDER)], { topic: 'shop.orders' });
    await promoteAll(db.settings, { sources: sourcesOf(EXAMPLE) });
    const before = [{ topic: 'shop.orders', source: 'shop', mapping: sourceOf(EXAMPLE).hash }];
    expect(await followed()).toEqual(before);
    await landEvents(db.settings, [JSON.stringify({ ...ORDER, id: 2 })], {
      ...{ topic: 'shop.orders', from: 1 },
    });
    await execute(
      `create function refuse() returns trigger language plpgsql as 'begin raise exception ''full''; end';
       create trigger refuse before insert on silver.fact_transactions execute function refuse()`,
    );
    const failed = quietContext();
    await expect(
      promoteAll(db.settings, { sources: sourcesOf(CHANGED), context: failed }),
    ).rejects.toThrow('full');
    expect(await followed()).toEqual(before);
    expect(notesOf(failed)).toEqual([]);
    await execute('drop function refuse cascade');
    const context = quietContext();
    await promoteAll(db.settings, { sources: sourcesOf(CHANGED), context });
    expect(notesOf(context)).toEqual([
      'sources/shop.yaml has changed: new events of shop.orders are mapped by it from now on; medallion promote --full-refresh maps the history again',
    ]);
    expect(await followed()).toEqual([{ ...before[0], mapping: sourceOf(CHANGED).hash }]);
  });

  test('shows in a plan, until the changed one is followed', async () => {
    expect(await planned(EXAMPLE)).toEqual([]);
    await landEvents(db.settings, [JSON.stringify(ORDER)], { topic: 'shop.orders' });
    expect(await planned(EXAMPLE)).toEqual([]);
    await promoteAll(db.settings, { sources: sourcesOf(EXAMPLE) });
    expect(await planned(EXAMPLE)).toEqual([]);
    const change = {
      ...{ model: 'sources/shop.yaml', what: 'has changed', step: 'apply' },
      then: 'new events of shop.orders are mapped by it from now on; medallion promote --full-refresh maps the history again',
    };
    expect(await planned(CHANGED)).toEqual([change]);
    // Nothing of the topic is new.
    await landEvents(db.settings, [event({})], { topic: 'sales' });
    const context = quietContext();
    await promoteAll(db.settings, { sources: sourcesOf(CHANGED), context });
    expect(notesOf(context)).toEqual([]);
    expect(await planned(CHANGED)).toEqual([change]);
    await promoteAll(db.settings, { sources: sourcesOf(CHANGED), fullRefresh: true, context });
    expect(notesOf(context)).toEqual([]);
    expect(await planned(CHANGED)).toEqual([]);
  });

  test('is told of a topic that was not mapped, and of one that another source takes over', async () => {
    await landEvents(db.settings, [JSON.stringify(ORDER)], { topic: 'shop.orders' });
    await promoteAll(db.settings);
    expect(await planned(EXAMPLE)).toMatchObject([
      { what: 'maps shop.orders, whose events were not mapped before' },
    ]);
    await landEvents(db.settings, [JSON.stringify({ ...ORDER, id: 2 })], {
      ...{ topic: 'shop.orders', from: 1 },
    });
    await promoteAll(db.settings, { sources: sourcesOf(EXAMPLE) });
    const other = readSource(CHANGED, 'sources/store.yaml', []) as Source;
    expect(await planMappings(db.settings, new Map([['store', other]]))).toMatchObject([
      { model: 'sources/store.yaml', what: 'maps shop.orders in place of shop' },
    ]);
  });
});

test('a topic whose source is not there is not promoted', async () => {
  await landEvents(db.settings, [JSON.stringify(ORDER)], { topic: 'shop.orders' });
  await promoteAll(db.settings, { sources: sourcesOf(EXAMPLE) });
  await landEvents(db.settings, [JSON.stringify({ ...ORDER, id: 2 })], {
    ...{ topic: 'shop.orders', from: 1 },
  });
  await expect(promoteAll(db.settings)).rejects.toThrow(
    'topic shop.orders has the source shop, which this project does not have',
  );
});
