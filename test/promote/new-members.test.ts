import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { withClient } from '../../src/postgres/client.ts';
import type { ProgressEvent } from '../../src/progress.ts';
import type { Source } from '../../src/source/mapping.ts';
import { addMembers } from '../../src/promote/new-members.ts';
import { readSource } from '../../src/source/read.ts';
import { ENGINES, promoteAll, quietContext, rowsOf, useEngine } from '../support/promotion.ts';
import { useWarehouse } from '../support/warehouse.ts';

const EXAMPLE = /```yaml\n([\s\S]*?)```/.exec(readFileSync('docs/sources.md', 'utf8'))?.[1] ?? '';
const ADDING = EXAMPLE.replace(
  '    else: cash\n    default: cash\n',
  '    default: Unknown\n    new: add\n',
)
  .replace(
    / {2}status:\n.*\n.*\n/,
    '  status: { path: financial_status, lookup: { paid: placed }, new: add }\n',
  )
  .replace('currency: currency', 'currency: { path: currency, new: add }');
const sources = new Map([['shop', readSource(ADDING, 'sources/shop.yaml', []) as Source]]);

const db = useWarehouse({ topic: 'shop.orders' });

const order = (id: number, more: object = {}): string =>
  JSON.stringify({
    ...{ id, updated_at: '2026-01-03T11:00:00Z', customer: { id: 207 }, financial_status: 'paid' },
    ...{ payment_gateway_names: ['stripe'], currency: 'EUR', total_line_items_price: '20.00' },
    ...{ total_tax: '0', shipping_lines: [], total_discounts: '0' },
    line_items: [{ sku: 'A', price: '20.00', quantity: 1, discount_allocations: [] }],
    ...more,
  });
const paidBy = (id: number, gateway: string | number | null): string =>
  order(id, { payment_gateway_names: [gateway] });

async function promoted(options: Parameters<typeof promoteAll>[1] = {}): Promise<string[]> {
  const context = quietContext();
  await promoteAll(db.settings, { sources, context, ...options });
  return context.events.flatMap((event: ProgressEvent) =>
    event.type === 'warning' && event.message.includes('has added') ? [event.message] : [],
  );
}

const methods = (): Promise<unknown> =>
  rowsOf(
    db.settings,
    'select id, name, is_new from silver.dim_payment_method where id > 3 order by id',
  );
const orders = (): Promise<unknown> =>
  rowsOf(
    db.settings,
    `select transaction_id, name from silver.fact_transactions
     join silver.dim_payment_method on id = order_payment_method_id order by length(transaction_id), 1`,
  );

describe.each(ENGINES)('new: add with %s', (engine) => {
  useEngine(engine);

  test('adds what a dimension does not hold with the next id, once, and warns', async () => {
    await db.land(
      ...[paidBy(1, 'Klarna'), paidBy(2, 'paypal'), paidBy(3, ' klarna '), paidBy(4, null)],
      ...[order(5, { financial_status: 'on_hold' }), order(6, { currency: 'gbp' })],
      order(7, { financial_status: 'shipped', payment_gateway_names: ['unknown'] }),
    );
    expect(await promoted()).toEqual([
      'sources/shop.yaml has added "Klarna" to silver.dim_payment_method, as 4',
      'sources/shop.yaml has added "Unknown" to silver.dim_payment_method, as 5',
      'sources/shop.yaml has added "on_hold" to silver.dim_order_status, as 7',
      'sources/shop.yaml has added "gbp" to silver.dim_currency, as 3',
    ]);
    expect(await methods()).toEqual([
      { id: '4', name: 'Klarna', is_new: 't' },
      { id: '5', name: 'Unknown', is_new: 't' },
    ]);
    expect(
      await rowsOf(
        db.settings,
        `select 'status' as what, name, counts_as as code from silver.dim_order_status where is_new
         union all select 'currency', name, code from silver.dim_currency where is_new order by 1 desc`,
      ),
    ).toEqual([
      { what: 'status', name: 'on_hold', code: null },
      { what: 'currency', name: 'gbp', code: 'GBP' },
    ]);
    expect(await orders()).toEqual(
      ['Klarna', 'paypal', 'Klarna', 'Unknown', 'credit card', 'credit card', 'Unknown'].map(
        (name, index) => ({ transaction_id: String(index + 1), name }),
      ),
    );
    expect(
      await rowsOf(
        db.settings,
        `select checked, failing, outcome from medallion.check_results
         where model = 'silver.fact_transactions' and check_name like '%source has added%'`,
      ),
    ).toEqual([{ checked: '7', failing: '6', outcome: 'warn' }]);
    // Another promotion finds it there.
    await db.land(paidBy(8, 'KLARNA'), paidBy(9, 'apple pay'));
    expect(await promoted()).toEqual([
      'sources/shop.yaml has added "apple pay" to silver.dim_payment_method, as 6',
    ]);
    // A full refresh, too.
    expect(await promoted({ fullRefresh: true })).toEqual([]);
    expect(await methods()).toHaveLength(3);
  });
});

test('batches that are read at once give one name one id', async () => {
  await db.land(
    ...Array.from({ length: 12 }, (_, at) => paidBy(at, ['a', 'b', 'c'][at % 3] ?? '')),
  );
  expect(await promoted({ chunkRows: 2 })).toHaveLength(3);
  // Whichever batch meets a name first gives it the next id.
  const ids = ['4', '5', '6'].map((id) => expect.objectContaining({ id, is_new: 't' }) as unknown);
  const names = ['a', 'b', 'c'].map((name) => expect.objectContaining({ name }) as unknown);
  const added = await methods();
  expect(added).toEqual(ids);
  expect(added).toEqual(expect.arrayContaining(names));
  expect(await orders()).toEqual(
    Array.from({ length: 12 }, (_, at) => ({ transaction_id: String(at), name: 'abc'[at % 3] })),
  );
});

test('nothing is added by a promotion that fails, by an event that is rejected, or for a number', async () => {
  await db.land(
    ...[paidBy(1, 'klarna'), paidBy(2, 77), paidBy(3, 'x'.repeat(201)), paidBy(4, 'a\0b')],
    order(5, { payment_gateway_names: ['nowhere'], line_items: [] }),
  );
  const execute = (sql: string): Promise<unknown> =>
    withClient(db.settings, (client) => client.query(sql));
  await promoteAll(db.settings);
  await execute(
    `create function refuse() returns trigger language plpgsql as 'begin raise exception ''full''; end';
     create trigger refuse before insert on silver.fact_transactions execute function refuse()`,
  );
  await execute('update medallion.watermarks set next_offset = 0; delete from bronze.quarantine');
  await expect(promoted()).rejects.toThrow('full');
  expect(await methods()).toEqual([]);
  await execute('drop function refuse cascade');
  // Whoever took the number in the meantime keeps it.
  await execute("insert into silver.dim_payment_method (id, name) values (4, 'bank')");
  expect(await promoted()).toHaveLength(1);
  expect(await methods()).toEqual([
    { id: '4', name: 'bank', is_new: null },
    { id: '5', name: 'klarna', is_new: 't' },
  ]);
  // .. also where it did so after the batch was read.
  const late = { dimension: 'paymentMethods', id: 5, name: 'late' } as const;
  await expect(
    withClient(db.settings, (client) => addMembers(client, [late])),
  ).rejects.toMatchObject({
    code: 'check_failed',
    message: 'silver.dim_payment_method got another row 5 while "late" was to be added as that',
  });
  expect(
    await rowsOf(db.settings, 'select "offset", reason, field from bronze.quarantine order by 1'),
  ).toEqual([
    { offset: '1', reason: 'unknown_reference', field: 'payment_gateway_names[0]' },
    { offset: '2', reason: 'unknown_reference', field: 'payment_gateway_names[0]' },
    { offset: '3', reason: 'not_text', field: 'payment_gateway_names[0]' },
    { offset: '4', reason: 'no_items', field: 'line_items' },
  ]);
});

test('a dimension that holds the highest id takes no more', async () => {
  await promoteAll(db.settings);
  await db.ask("insert into silver.dim_payment_method (id, name) values (2147483647, 'last')");
  await db.land(paidBy(1, 'klarna'), paidBy(2, 'last'));
  expect(await promoted()).toEqual([]);
  expect(await orders()).toEqual([{ transaction_id: '2', name: 'last' }]);
  expect(await db.ask('select "offset", reason from bronze.quarantine')).toEqual([
    { offset: '0', reason: 'unknown_reference' },
  ]);
});
