import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { withClient } from '../../src/postgres/client.ts';
import { migrate } from '../../src/schema/migrate.ts';
import { ageWarehouse } from '../support/older-version.ts';
import { purchase, type Order } from '../support/orders.ts';
import { answersOf, landEvents, openTestEngine, promoteAll, rowsOf } from '../support/promotion.ts';
import { useWarehouse } from '../support/warehouse.ts';

const db = useWarehouse();
const { arrive } = db;

/** Hashes of events that lost, in the order of the log. */
async function storedHashes(): Promise<(string | null | undefined)[]> {
  const rows = await rowsOf(
    db.settings,
    'select content_hash from silver.discarded_events order by "offset"',
  );
  return rows.map(({ content_hash }) => content_hash);
}

/** An event, and its content as the definition spells it: written by hand. */
const KNOWN: readonly (readonly [what: string, order: Order, content: string])[] = [
  [
    'plain values',
    {
      id: 'a',
      at: '2026-01-03T22:12:43',
      customer: { id: 'cust_19', type: 'returning', country: 'DE', city: 'Berlin' },
      order: {
        ...{ status: 5, payment_method: 3, currency: 1, subtotal: 742.28, tax_amount: 74.23 },
        ...{ shipping_amount: 14.85, discount_amount: 74.23, total_amount: 757.13 },
      },
      items: [
        {
          ...{ id: 'prod_17', category: 'sports', unit_price: 90.32 },
          ...{ quantity: 4, discount: 9.03, cost: 27.09 },
        },
        { id: 'prod_2', category: 'books', unit_price: 10, quantity: 1, discount: 0, cost: 4 },
      ],
    },
    '8:purchase;3:1.0;1767478363000000;7:cust_19;9:returning;2:DE;6:Berlin;5;3;1;742.28;74.23;14.85;74.23;757.13;' +
      '7:prod_17;6:sports;90.32;4;9.03;27.09;6:prod_2;5:books;10.00;1;0.00;4.00',
  ],
  [
    'a negative amount, a fraction of a second before 1970, semicolons and letters beyond ASCII',
    {
      id: 'a',
      at: '1969-12-31T23:59:59.999999Z',
      type: 'a;b:c',
      customer: { id: 'c', type: null, country: '日本', city: 'Köln 👩‍👧' },
      order: { total_amount: -0.005, discount_amount: '1.005' },
      items: [{ category: 'é;1' }],
    },
    '5:a;b:c;3:1.0;-1;1:c;7:unknown;2:日本;8:Köln 👩‍👧;1;1;1;10.00;1.00;0.20;1.01;-0.01;' +
      '6:prod_1;3:é;1;10.00;1;0.00;4.00',
  ],
  [
    'what not every event has',
    {
      id: 'a',
      at: '2026-01-05T00:00:00',
      type: 'refund',
      details: { ordered_at: '2026-01-03T22:12:43', refunds: 'txn;1' },
      customer: { guest: true },
      order: { tax_included: true, exchange_rate: 1.25 },
    },
    '6:refund;3:1.0;1767571200000000;guest;3:new;2:DE;6:Berlin;1;1;1;10.00;1.00;0.20;0.00;11.20;' +
      '6:prod_1;5:books;10.00;1;0.00;4.00' +
      ';ordered_at 1767478363000000;refunds 5:txn;1;tax_included;exchange_rate 1.2500000000',
  ],
  [
    'amounts of one unit with more than 2 decimals',
    {
      id: 'a',
      at: '2026-01-03T22:12:43',
      items: [{ unit_price: 0.1234, discount: '0.00505', cost: 0.1 }],
    },
    '8:purchase;3:1.0;1767478363000000;6:cust_1;3:new;2:DE;6:Berlin;1;1;1;10.00;1.00;0.20;0.00;11.20;' +
      '6:prod_1;5:books;0.1234;1;0.0051;0.10',
  ],
];

/** Of the first of these, by coreutils' sha256sum. */
const KNOWN_HASH = 'c43a8c3d6b73e256ea842199e7710936a8b0970e079e6c53d03111fe7f0add26';

function hashOf(content: string): string {
  return createHash('sha256').update(content, 'utf8').digest('hex');
}

describe('the hash of a content is the SHA-256 of its text', () => {
  test.each(KNOWN)('%s: what DuckDB stores of a loser', async (_, order, content) => {
    await arrive(purchase(order));
    await arrive(purchase(order));
    expect(await storedHashes()).toEqual([hashOf(content)]);
  });

  test.each(KNOWN)('%s: what PostgreSQL makes of silver', async (_, order, content) => {
    await arrive(purchase(order));
    await arrive(purchase({ ...order, at: '2026-05-01T00:00:00', items: [{ quantity: 9 }] }));
    // The loser was known as it stood in silver.
    expect(await storedHashes()).toEqual([hashOf(content)]);
  });

  test('values that two engines have in common, each by itself', async () => {
    expect(hashOf(KNOWN[0]?.[2] ?? '')).toBe(KNOWN_HASH);
    const extra = '{"channel":"é"}';
    const known = [KNOWN_HASH, hashOf(`${KNOWN[0]?.[2] ?? ''};extra 15:${extra}`)];
    const call = (
      extra: string,
    ): string => `content_hash('purchase', '1.0', timestamptz '2026-01-03 22:12:43+00', 'cust_19', 'returning', 'DE',
      'Berlin', 5, 3, 1, 742.28::numeric(18,2), 74.23::numeric(18,2), 14.85::numeric(18,2), 74.23::numeric(18,2),
      757.13::numeric(18,2), timestamptz '2026-01-03 22:12:43+00', null, false, null, ${extra},`;
    const lines = (schema: string): string =>
      `${schema}line_content('prod_17', 'sports', 90.32::numeric(18,2), 4, 9.03::numeric(18,2), 27.09::numeric(18,2))
       || ';' || ${schema}line_content('prod_2', 'books', 10::numeric(18,2), 1, 0::numeric(18,2), 4::numeric(18,2))`;
    const hashes = (schema: string): string =>
      ['null', `'${extra}'`]
        .map((extra) => `select ${schema}${call(extra)} ${lines(schema)}) as hash`)
        .join(' union all ');
    const expected = known.map((hash) => ({ hash }));
    expect(await rowsOf(db.settings, hashes('medallion.'))).toEqual(expected);
    await promoteAll(db.settings);
    const engine = await openTestEngine(db.settings);
    const session = await engine.openSession();
    expect(await session.query(hashes(''))).toEqual(expected);
    await engine.close();
  });
});

const order = (id: string, at: string, more: Partial<Order> = {}): string =>
  purchase({ id, at, ...more });

describe('a warehouse of the version before', () => {
  /** Repeated, corrected, late, corrected back to what it was. */
  const EVENTS = [
    order('a', '2026-01-01T10:00:00'),
    order('b', '2026-01-01T11:00:00', { items: [{}, { id: 'prod_2', quantity: 3 }] }),
    order('c', '2026-01-02T10:00:00', { customer: { city: ' ', type: null } }),
    order('a', '2026-01-01T10:00:00'),
    order('b', '2026-01-01T11:00:01', { order: { total_amount: '7.125' } }),
    order('b', '2026-01-01T11:00:00', { items: [{}, { id: 'prod_2', quantity: 3 }] }),
    order('c', '2026-01-01T09:00:00', { items: [{ unit_price: 2.5 }] }),
    order('d', '2026-01-03T10:00:00'),
    order('d', '2026-01-03T10:00:01', { order: { status: 2 } }),
    order('d', '2026-01-03T10:00:02'),
  ];

  test('keeps its answers, and takes every redelivery for one', async () => {
    await arrive(...EVENTS);
    const before = await answersOf(db.settings);
    const hashes = await storedHashes();
    const written = `select transaction_id, run_id from silver.fact_transactions order by 1`;
    const rows = await rowsOf(db.settings, written);

    await ageWarehouse(db.settings);
    await withClient(db.settings, async (client) => {
      expect((await migrate(client)).slice(0, 2)).toEqual([
        '008_objects.sql',
        '009_content_hash.sql',
      ]);
    });
    // Whether of silver or of bronze: what this version would have stored.
    expect(await storedHashes()).toEqual(hashes);
    // Which widens what had fewer digits.
    await promoteAll(db.settings);
    expect(await answersOf(db.settings)).toEqual(before);

    // Redelivered as old as they were, so that none takes a row over.
    await landEvents(db.settings, EVENTS, { topic: 'again', producedAt: '2026-01-01T00:00:00Z' });
    const { silver, gold } = await promoteAll(db.settings);
    expect(silver).toMatchObject({ accepted: 10, written: 0, duplicates: 10, superseded: 0 });
    expect(gold?.days).toEqual([]);
    expect(await rowsOf(db.settings, written)).toEqual(rows);
  });

  test('goes on where bronze was pruned: what nobody knows any more is no content of another event', async () => {
    await arrive(...EVENTS);
    const before = await answersOf(db.settings);
    await ageWarehouse(db.settings);
    await withClient(db.settings, async (client) => {
      await client.query('delete from bronze.events');
      await migrate(client);
    });
    await promoteAll(db.settings);
    expect(await answersOf(db.settings)).toEqual(before);
    await landEvents(db.settings, EVENTS, { topic: 'again', producedAt: '2026-01-01T00:00:00Z' });
    expect((await promoteAll(db.settings)).silver).toMatchObject({ accepted: 10, written: 0 });
    expect({ ...(await answersOf(db.settings)), discarded: null }).toEqual({
      ...before,
      discarded: null,
    });
  });

  test('is told of a view that keeps it from being brought up to date', async () => {
    await arrive(...EVENTS);
    await ageWarehouse(db.settings);
    await withClient(db.settings, async (client) => {
      await client.query('create view public.mine as select * from silver.fact_transactions');
      await expect(migrate(client)).rejects.toThrow(/content_hash of table/);
      await client.query('drop view public.mine');
      await migrate(client);
    });
  });
});
