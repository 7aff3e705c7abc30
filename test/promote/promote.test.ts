import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MedallionError } from '../../src/errors.ts';
import { loadModels } from '../../src/model/load.ts';
import type { Model } from '../../src/model/model.ts';
import { promote } from '../../src/promote/promote.ts';
import { purchase } from '../support/orders.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import {
  answersOf,
  landEvents,
  PROMOTE_TEST_OPTIONS,
  promoteAll,
  quietContext,
  rowOf,
  rowsOf,
} from '../support/promotion.ts';

let db: TestDatabase;

beforeEach(async () => {
  db = await createTestDatabase();
});

afterEach(async () => {
  await db.drop();
});

/** Two days of sales with a late event, repeats, corrections in both orders, another day, and rejected events. */
const HISTORY: readonly string[] = [
  purchase({
    id: 'a',
    at: '2026-01-01T10:00:00',
    customer: { id: 'c1' },
    order: { total_amount: 11.2 },
  }),
  purchase({
    id: 'b',
    at: '2026-01-02T10:00:00',
    customer: { id: 'c2', city: 'Köln' },
    items: [{}, {}],
  }),
  '{"broken": ',
  // a again, to the byte; then corrected onto another day; then the first version once more.
  purchase({
    id: 'a',
    at: '2026-01-01T10:00:00',
    customer: { id: 'c1' },
    order: { total_amount: 11.2 },
  }),
  purchase({
    id: 'a',
    at: '2026-01-03T09:00:00',
    customer: { id: 'c1', city: 'Mainz' },
    order: { total_amount: 22.4 },
  }),
  purchase({
    id: 'a',
    at: '2026-01-01T10:00:00',
    customer: { id: 'c1' },
    order: { total_amount: 11.2 },
  }),
  // c arrives corrected first.
  purchase({
    id: 'c',
    at: '2026-01-02T12:00:01',
    customer: { id: 'c1' },
    order: { total_amount: 3.33 },
  }),
  purchase({
    id: 'c',
    at: '2026-01-02T12:00:00',
    customer: { id: 'c1' },
    order: { total_amount: 4.44 },
  }),
  // d: two contents at the same time; the later in the log wins.
  purchase({
    id: 'd',
    at: '2026-01-02T13:00:00',
    customer: { id: 'c3' },
    order: { total_amount: 5 },
  }),
  purchase({
    id: 'd',
    at: '2026-01-02T13:00:00',
    customer: { id: 'c3' },
    order: { total_amount: 6 },
  }),
  purchase({ id: 'e', at: '2019-07-01T00:00:00', customer: { id: 'c2', city: 'Bonn' } }),
  purchase({ id: 'f', at: '2026-01-02T14:00:00', order: { status: 9 } }),
  purchase({ id: 'g', at: '2026-01-02T15:00:00', type: 'refund', order: { total_amount: 1000 } }),
];

describe('a real sample of an existing producer', () => {
  test('gives the figures that the contract names', async () => {
    const lines = gunzipSync(readFileSync('fixtures/producer-2k.ndjson.gz'))
      .toString('utf8')
      .trim()
      .split('\n');
    await landEvents(db.settings, lines);
    const result = await promoteAll(db.settings, { chunkRows: 700 });
    expect(result.silver).toMatchObject({
      events: 2000,
      written: 2000,
      rejected: 0,
      duplicates: 0,
      superseded: 0,
    });
    expect(
      await rowOf(
        db.settings,
        `select (select count(*) from silver.fact_transactions) as transactions,
                (select sum(order_total_amount) from silver.fact_transactions) as total,
                (select count(*) from silver.fact_transaction_items) as lines,
                (select sum(unit_price * quantity)::numeric(18,2) from silver.fact_transaction_items) as goods,
                (select count(*) from silver.dim_customers) as customers,
                (select count(*) from gold.sales_performance) as days,
                (select sum(order_total_amount_day) from gold.sales_performance) as gold_total,
                (select count(*) from gold.item_category_performance) as day_categories,
                (select sum(revenue) from gold.product_performance) as gold_goods,
                (select sum(revenue) from gold.customer_performance) as customers_total`,
      ),
    ).toEqual({
      transactions: '2000',
      total: '3145022.95',
      lines: '10977',
      goods: '3083355.59',
      customers: '100',
      days: '31',
      gold_total: '3145022.95',
      day_categories: '155',
      gold_goods: '3083355.59',
      customers_total: '3145022.95',
    });
  });
});

describe('repeats, corrections and late events', () => {
  test('one transaction, one row: the latest by event time, on a tie the later in the log', async () => {
    await landEvents(db.settings, HISTORY);
    const { silver } = await promoteAll(db.settings);
    // a: 4 events of 2 contents; c: 2 of 2; d: 2 of 2.
    expect(silver).toEqual({
      events: 13,
      accepted: 11,
      rejected: 2,
      skipped: 0,
      written: 6,
      duplicates: 2,
      superseded: 3,
    });
    expect(
      await rowsOf(
        db.settings,
        'select transaction_id, date_key, order_total_amount from silver.fact_transactions order by 1',
      ),
    ).toEqual([
      { transaction_id: 'a', date_key: '2026-01-03', order_total_amount: '22.40' },
      { transaction_id: 'b', date_key: '2026-01-02', order_total_amount: '11.20' },
      { transaction_id: 'c', date_key: '2026-01-02', order_total_amount: '3.33' },
      { transaction_id: 'd', date_key: '2026-01-02', order_total_amount: '6.00' },
      { transaction_id: 'e', date_key: '2019-07-01', order_total_amount: '11.20' },
      { transaction_id: 'g', date_key: '2026-01-02', order_total_amount: '1000.00' },
    ]);
    expect(
      await rowsOf(
        db.settings,
        'select date_key, total_orders, order_total_amount_day from gold.sales_performance order by 1',
      ),
    ).toEqual([
      { date_key: '2019-07-01', total_orders: '1', order_total_amount_day: '11.20' },
      { date_key: '2026-01-02', total_orders: '3', order_total_amount_day: '20.53' },
      { date_key: '2026-01-03', total_orders: '1', order_total_amount_day: '22.40' },
    ]);
    expect(
      await rowsOf(db.settings, 'select id, city from silver.dim_customers order by 1'),
    ).toEqual([
      { id: 'c1', city: 'Mainz' },
      { id: 'c2', city: 'Köln' },
      { id: 'c3', city: 'Berlin' },
      { id: 'cust_1', city: 'Berlin' },
    ]);
  });

  test('a correction onto another day and a late event restate the days that were published', async () => {
    await landEvents(db.settings, [HISTORY[0] ?? '', HISTORY[1] ?? '']);
    await promoteAll(db.settings);
    await landEvents(
      db.settings,
      [HISTORY[4] ?? '', purchase({ id: 'late', at: '2026-01-02T00:00:00' })],
      { from: 2 },
    );
    const { gold, runId } = await promoteAll(db.settings);
    expect(gold).toEqual({ days: ['2026-01-01', '2026-01-02', '2026-01-03'], restated: 2 });
    expect(
      await rowsOf(
        db.settings,
        `select date_key, run_id, old_orders, new_orders, old_total, new_total from gold.restatements order by 1`,
      ),
    ).toEqual([
      {
        date_key: '2026-01-01',
        run_id: String(runId),
        old_orders: '1',
        new_orders: '0',
        old_total: '11.20',
        new_total: '0.00',
      },
      {
        date_key: '2026-01-02',
        run_id: String(runId),
        old_orders: '1',
        new_orders: '2',
        old_total: '11.20',
        new_total: '22.40',
      },
    ]);
    expect(
      await rowsOf(db.settings, 'select date_key from gold.sales_performance order by 1'),
    ).toEqual([{ date_key: '2026-01-02' }, { date_key: '2026-01-03' }]);
  });

  test('a published day that vanishes and comes back is restated both times', async () => {
    const at = (day: string, total: number): string =>
      purchase({ id: 'moving', at: `${day}T00:00:00`, order: { total_amount: total } });
    for (const [from, event] of [
      at('2026-01-01', 1),
      at('2026-01-02', 2),
      at('2026-01-03', 3),
    ].entries()) {
      await landEvents(db.settings, [event], { from });
      await promoteAll(db.settings);
    }
    await landEvents(
      db.settings,
      [purchase({ id: 'new', at: '2026-01-01T00:00:00', order: { total_amount: 5 } })],
      { from: 3 },
    );
    await promoteAll(db.settings);
    expect(
      await rowsOf(
        db.settings,
        'select date_key, old_orders, new_orders, old_total, new_total from gold.restatements order by run_id',
      ),
    ).toEqual([
      {
        date_key: '2026-01-01',
        old_orders: '1',
        new_orders: '0',
        old_total: '1.00',
        new_total: '0.00',
      },
      {
        date_key: '2026-01-02',
        old_orders: '1',
        new_orders: '0',
        old_total: '2.00',
        new_total: '0.00',
      },
      {
        date_key: '2026-01-01',
        old_orders: '0',
        new_orders: '1',
        old_total: '0.00',
        new_total: '5.00',
      },
    ]);
  });

  test('the answer does not depend on the order of arrival, nor on how the events are cut', async () => {
    await landEvents(db.settings, HISTORY);
    await promoteAll(db.settings);
    const expected = await answersOf(db.settings);

    // The place in the log decides ties, so events keep their coordinates and only arrive in another order.
    for (const [name, order] of Object.entries(shuffles(HISTORY.length))) {
      const other = await createTestDatabase();
      for (const part of order) {
        for (const offset of part) {
          await landEvents(other.settings, [HISTORY[offset] ?? ''], {
            partition: offset,
            producedAt: new Date(Date.UTC(2026, 1, 1) + offset * 1000).toISOString(),
          });
        }
        await promoteAll(other.settings, { chunkRows: 2 });
      }
      expect(await answersOf(other.settings), name).toEqual(expected);
      await other.drop();
    }
  });

  test('promoting twice changes nothing, and a full refresh gives the same again', async () => {
    await landEvents(db.settings, HISTORY);
    await promoteAll(db.settings, { chunkRows: 3 });
    const expected = await answersOf(db.settings);
    const again = await promoteAll(db.settings);
    expect(again).toMatchObject({ silver: { events: 0 }, gold: { days: [] }, models: [] });
    expect(await answersOf(db.settings)).toEqual(expected);
    await promoteAll(db.settings, { fullRefresh: true });
    expect(await answersOf(db.settings)).toEqual(expected);
    expect(await rowsOf(db.settings, 'select * from gold.restatements')).toEqual([]);
  });

  test('the same stream under another topic is all repeats', async () => {
    await landEvents(db.settings, HISTORY);
    await promoteAll(db.settings);
    const { transactions, items, sales, customers } = await answersOf(db.settings);
    await landEvents(db.settings, HISTORY, { topic: 'copy', producedAt: '2026-03-01T00:00:00Z' });
    const { silver, gold } = await promoteAll(db.settings);
    expect(silver).toMatchObject({
      events: 13,
      accepted: 11,
      rejected: 2,
      written: 0,
      duplicates: 11,
      superseded: 0,
    });
    expect(gold).toEqual({ days: [], restated: 0 });
    expect(await answersOf(db.settings)).toMatchObject({ transactions, items, sales, customers });
    // Each fact points at the event of its content that is latest in the log.
    expect(
      await rowsOf(db.settings, 'select distinct topic from silver.fact_transactions'),
    ).toEqual([{ topic: 'copy' }]);
  });
});

describe('rejected events', () => {
  test('each is kept byte for byte with reason, field and coordinates; its neighbours go on', async () => {
    await landEvents(db.settings, HISTORY, { topic: 'shop', partition: 3, from: 40 });
    await promoteAll(db.settings);
    const rows = await rowsOf(
      db.settings,
      `select topic, partition, "offset", stage, reason, field, convert_from(raw, 'UTF8') as raw, status
       from bronze.quarantine order by "offset"`,
    );
    expect(rows).toEqual([
      {
        topic: 'shop',
        partition: '3',
        offset: '42',
        stage: 'silver',
        reason: 'invalid_json',
        field: null,
        raw: HISTORY[2],
        status: 'open',
      },
      {
        topic: 'shop',
        partition: '3',
        offset: '51',
        stage: 'silver',
        reason: 'unknown_reference',
        field: 'order.status',
        raw: HISTORY[11],
        status: 'open',
      },
    ]);
  });

  test('events written in an odd way, but right, are read as what they mean', async () => {
    await landEvents(db.settings, [
      purchase({
        id: '  odd \t',
        at: '2026-01-01 23:30:00.1234567-01:30',
        customer: { id: ' c9 ', city: null, country: '   ', type: null },
        order: {
          total_amount: ' 1e1 ',
          subtotal: '0010'.slice(2),
          tax_amount: '1.005',
          discount_amount: '-1.005',
        },
        items: [
          {
            id: ' p ',
            quantity: '4.0',
            unit_price: '999999999999.99',
            discount: null as unknown as string,
          },
        ],
      }).replace('"shipping_amount":0.2', '"shipping_amount":0.00499999999999999999'),
    ]);
    await promoteAll(db.settings);
    expect(
      await rowsOf(
        db.settings,
        `select t.transaction_id, t.date_key, to_char(t.event_timestamp, 'HH24:MI:SS.US') as at, t.customer_id, t.customer_city,
                t.customer_country, t.customer_type, t.order_total_amount, t.order_subtotal, t.order_tax_amount,
                t.order_discount_amount, t.order_shipping_amount, i.item_id, i.quantity, i.unit_price, i.discount
         from silver.fact_transactions t join silver.fact_transaction_items i using (transaction_key)`,
      ),
    ).toEqual([
      {
        transaction_id: 'odd',
        date_key: '2026-01-02',
        at: '01:00:00.123456',
        customer_id: 'c9',
        customer_city: 'unknown',
        customer_country: 'unknown',
        customer_type: 'unknown',
        order_total_amount: '10.00',
        order_subtotal: '10.00',
        order_tax_amount: '1.01',
        order_discount_amount: '-1.01',
        order_shipping_amount: '0.00',
        item_id: 'p',
        quantity: '4.000',
        unit_price: '999999999999.9900',
        discount: '0.0000',
      },
    ]);
  });

  test('totals that do not add up are data: accepted, and counted by a check of severity warn', async () => {
    await landEvents(db.settings, [
      purchase({ id: 'fine', at: '2026-01-01T00:00:00', order: { total_amount: 11.21 } }),
      purchase({ id: 'off', at: '2026-01-01T00:00:00', order: { total_amount: 11.22 } }),
    ]);
    const { checks, runId } = await promoteAll(db.settings);
    const check = { model: 'silver.fact_transactions', severity: 'warn', failing: 1 };
    expect(checks.filter(({ failing }) => failing > 0)).toEqual([expect.objectContaining(check)]);
    expect(
      await rowsOf(
        db.settings,
        `select model, severity, failing from medallion.check_results where failing > 0 and run_id = $1`,
        [runId],
      ),
    ).toEqual([{ ...check, failing: '1' }]);
  });
});

describe('one promotion at a time', () => {
  test('a second one says who holds the lock and touches nothing', async () => {
    await landEvents(db.settings, HISTORY);
    let inside: unknown;
    await promoteAll(db.settings, {
      holder: 'process 77',
      context: {
        ...quietContext(),
        emit: (event) => {
          if (event.type === 'step.started' && event.step === 'gold') {
            inside = promoteAll(db.settings).catch((error: unknown) => error);
          }
        },
      },
    });
    const refused = await (inside as Promise<unknown>);
    expect(refused).toBeInstanceOf(MedallionError);
    expect(refused).toMatchObject({
      code: 'locked',
      exitCode: 5,
      message: expect.stringContaining('process 77') as unknown,
    });
  });
});

describe('a full refresh', () => {
  test('empties nothing when there is no engine to fill it again', async () => {
    await landEvents(db.settings, HISTORY);
    await promoteAll(db.settings);
    const expected = await answersOf(db.settings);
    const failing = promote(
      db.settings,
      loadModels(),
      () => Promise.reject(new MedallionError('unreachable', 'no engine')),
      { ...PROMOTE_TEST_OPTIONS, fullRefresh: true },
      quietContext(),
    );
    await expect(failing).rejects.toMatchObject({ code: 'unreachable' });
    expect(await answersOf(db.settings)).toEqual(expected);
  });

  test('that was stopped half way leaves gold as it was until silver is whole again', async () => {
    await landEvents(db.settings, HISTORY);
    await promoteAll(db.settings);
    const expected = await answersOf(db.settings);
    const interrupt = new AbortController();
    const context = {
      ...quietContext(interrupt.signal),
      emit: () => {
        interrupt.abort();
      },
    };
    await expect(
      promoteAll(db.settings, { fullRefresh: true, chunkRows: 2, context }),
    ).rejects.toMatchObject({
      code: 'interrupted',
    });
    await expect(promoteAll(db.settings, { silver: false })).rejects.toMatchObject({
      code: 'check_failed',
    });
    expect((await answersOf(db.settings))['sales']).toEqual(expected['sales']);
    await promoteAll(db.settings);
    expect(await answersOf(db.settings)).toEqual(expected);
    expect(await rowsOf(db.settings, 'select * from gold.restatements')).toEqual([]);
  });
});

describe('what does not fit', () => {
  test('large events make small batches, whatever partition they are in', async () => {
    const large = (id: string): string =>
      purchase({ id, at: '2026-01-01T00:00:00' }).replace('{', `{"pad":"${'p'.repeat(900_000)}",`);
    for (let partition = 0; partition < 6; partition += 1) {
      const ids = Array.from({ length: 15 }, (_, index) => `${String(partition)}-${String(index)}`);
      await landEvents(db.settings, ids.map(large), { partition });
    }
    const { silver } = await promoteAll(db.settings);
    expect(silver).toMatchObject({ events: 90, written: 90 });
  });

  test.each([
    [
      'a null where the header has none',
      'select date_key, null as orders from silver.fact_transactions',
      'NOT NULL',
    ],
    [
      'a column that the select lacks',
      'select distinct date_key from silver.fact_transactions',
      'NOT NULL',
    ],
    [
      'a function that nobody knows',
      'select date_key, no_such(1) as orders from silver.fact_transactions',
      'no_such',
    ],
    [
      'a key twice',
      'select date_key, 1 as orders from silver.fact_transactions',
      'more than one row with the key',
    ],
    [
      'another day',
      "select distinct date '2001-01-01' as date_key, 1 as orders from silver.fact_transactions",
      '2001-01-01',
    ],
  ])('a mart with %s is named, and gold stays as it was', async (_, sql, words) => {
    await landEvents(db.settings, HISTORY);
    const models = loadModels();
    const [sales] = models.gold.filter(({ name }) => name === 'sales_performance');
    if (sales === undefined) {
      throw new Error('there is no mart of sales');
    }
    const columns = ['date_key', 'orders'].map((name) => ({
      ...{
        name,
        type: name === 'date_key' ? 'date' : 'bigint',
        description: name,
        nullable: false,
      },
    }));
    const broken: Model = {
      ...{ ...sales, name: 'broken', id: 'gold.broken', file: 'sql/gold/broken.sql', columns, sql },
      ...{
        load: 'replace_days',
        count: undefined,
        within: [],
        event_types: [],
        restatements: undefined,
        checks: [],
      },
      ...{ sources: ['silver.fact_transactions'], inputs: ['silver.fact_transactions'] },
    };
    const promotion = promoteAll(db.settings, {
      models: { ...models, gold: [...models.gold, broken] },
    });
    await expect(promotion).rejects.toMatchObject({
      code: 'model',
      message: expect.stringMatching(new RegExp(`sql/gold/broken.sql.*${words}`, 's')) as unknown,
    });
    expect(await rowsOf(db.settings, 'select * from gold.sales_performance')).toEqual([]);
  });
});

describe('interruption', () => {
  test('the record of a killed promotion is closed by the next', async () => {
    await rowsOf(
      db.settings,
      `insert into medallion.runs (command, version, arguments) values ('promote', '0', '{}')`,
    );
    await promoteAll(db.settings);
    expect(
      await rowsOf(db.settings, 'select outcome, error from medallion.runs order by run_id'),
    ).toEqual([
      { outcome: 'failed', error: 'killed' },
      { outcome: 'done', error: null },
    ]);
  });

  test('a promotion that is stopped between batches is taken up by the next', async () => {
    await landEvents(db.settings, HISTORY);
    const whole = await createTestDatabase();
    await landEvents(whole.settings, HISTORY);
    await promoteAll(whole.settings);

    const interrupt = new AbortController();
    const context = {
      ...quietContext(interrupt.signal),
      emit: () => {
        interrupt.abort();
      },
    };
    await expect(promoteAll(db.settings, { chunkRows: 2, context })).rejects.toMatchObject({
      code: 'interrupted',
    });
    const { transactions } = await rowOf(
      db.settings,
      'select count(*) as transactions from silver.fact_transactions',
    );
    expect(Number(transactions)).toBeLessThan(6);
    await promoteAll(db.settings, { chunkRows: 2 });
    expect(await answersOf(db.settings)).toEqual(await answersOf(whole.settings));
    expect(await rowsOf(db.settings, 'select outcome from medallion.runs order by run_id')).toEqual(
      [{ outcome: 'interrupted' }, { outcome: 'done' }],
    );
    await whole.drop();
  });
});

describe('a topic of which most events are rejected', () => {
  const GOOD = Array.from({ length: 4 }, (_, index) =>
    purchase({ id: `good-${index}`, at: '2026-01-02T10:00:00' }),
  );

  async function warningsOf(chunkRows = 50_000) {
    const context = quietContext();
    await promoteAll(db.settings, { context, chunkRows });
    return context.events.filter(({ type }) => type === 'warning');
  }

  test.each([50_000, 2])('is named with what it looks like, in chunks of %i', async (chunkRows) => {
    await landEvents(db.settings, ['A;2026;5', 'B;2026;6', ...GOOD.slice(0, 2), 'C;2026;7'], {
      topic: 'file:/tmp/export.csv',
    });
    await landEvents(db.settings, GOOD);
    expect(await warningsOf(chunkRows)).toEqual([
      {
        type: 'warning',
        message:
          'most events of file:/tmp/export.csv were rejected: 3 of 5, mostly as invalid_json',
        hint: expect.stringMatching(/quarantine list --summary\. They look like CSV\./),
      },
    ]);
    // Only what is new counts.
    await landEvents(db.settings, GOOD, { topic: 'file:/tmp/export.csv', from: 5 });
    expect(await warningsOf()).toEqual([]);
  });

  test('in Kafka is told what a message should hold', async () => {
    await landEvents(db.settings, ['<?xml version="1.0"?><a/>', '<?xml?><a/>', '<?xml?><a/>']);
    expect(await warningsOf()).toMatchObject([
      {
        hint: expect.stringContaining(
          'XML or HTML. medallion reads one event, a JSON object, from each message.',
        ),
      },
    ]);
  });

  test.each([
    ['one odd event among good ones', ['odd', ...GOOD]],
    ['two odd events alone', ['odd', 'odd']],
    ['half of them', ['odd', 'odd', 'odd', 'odd', ...GOOD]],
  ])('is not: %s', async (_, events) => {
    await landEvents(db.settings, events);
    expect(await warningsOf()).toEqual([]);
  });
});

/** Orders in which the events arrive, each cut into promotions. */
function shuffles(count: number): Record<string, number[][]> {
  const all = Array.from({ length: count }, (_, index) => index);
  const reversed = [...all].reverse();
  const scattered = [...all].sort((left, right) => ((left * 7) % count) - ((right * 7) % count));
  return {
    'backwards, at once': [reversed],
    'backwards, one by one': reversed.map((offset) => [offset]),
    'scattered, in three parts': [scattered.slice(0, 4), scattered.slice(4, 9), scattered.slice(9)],
  };
}
