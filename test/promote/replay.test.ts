import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { withClient } from '../../src/postgres/client.ts';
import { withPromotionLock } from '../../src/postgres/lock.ts';
import type { PromoteOptions, PromoteResult } from '../../src/promote/promote.ts';
import type { ReplayOptions } from '../../src/promote/run.ts';
import { decide } from '../../src/maintain/dismiss.ts';
import { purchase } from '../support/orders.ts';
import { createTestDatabase, withDatabase, type TestDatabase } from '../support/postgres.ts';
import { answersOf, landEvents, promoteAll, rowOf, rowsOf } from '../support/promotion.ts';

let db: TestDatabase;

beforeEach(async () => {
  db = await createTestDatabase();
});

afterEach(async () => {
  await db.drop();
});

async function run(sql: string, database = db): Promise<void> {
  await withClient(database.settings, async (client) => {
    await client.query(sql);
  });
}

/** What the user does about payment method 4. */
async function allowVouchers(database = db): Promise<void> {
  await run(`insert into silver.dim_payment_method values (4, 'voucher')`, database);
}

async function replay(
  selection: ReplayOptions['selection'] = {},
  options: Partial<PromoteOptions> & { maxEventBytes?: number } = {},
): Promise<PromoteResult> {
  const { maxEventBytes = 1_000_000, ...rest } = options;
  return promoteAll(db.settings, { replay: { selection, maxEventBytes }, ...rest });
}

const VOUCHER = { payment_method: 4 };

/** "offset status reason" of the quarantine. */
async function quarantine(): Promise<string[]> {
  const rows = await rowsOf(
    db.settings,
    'select "offset" || \' \' || status || \' \' || reason as line from bronze.quarantine order by topic, partition, "offset"',
  );
  return rows.map(({ line }) => String(line));
}

/** "offset action: what it said before > what it says now" of the history. */
async function history(): Promise<string[]> {
  const rows = await rowsOf(
    db.settings,
    `select "offset" || ' ' || action || ': ' || reason_before || ' > ' || coalesce(outcome, reason_after) as line
     from bronze.quarantine_history order by history_id`,
  );
  return rows.map(({ line }) => String(line)).sort();
}

/** Every event of bronze is in silver, discarded, or in quarantine, and in one of them only. */
async function expectAccountsToBalance(): Promise<void> {
  expect(
    await rowsOf(
      db.settings,
      `with places as (
         select topic, partition, "offset" from silver.fact_transactions
         union all select topic, partition, "offset" from silver.discarded_events
         union all select topic, partition, "offset" from bronze.quarantine where stage = 'silver' and status <> 'replayed'
       )
       select topic, partition, "offset", count(places.topic) as times
       from bronze.events left join places using (topic, partition, "offset")
       group by 1, 2, 3 having count(places.topic) <> 1
       union all
       select topic, partition, "offset", 1 from places
       left join bronze.events e using (topic, partition, "offset") where e.value is null`,
    ),
  ).toEqual([]);
}

describe('events that were rejected for a payment method nobody knew', () => {
  const EVENTS = [
    purchase({ id: 'a', at: '2026-01-01T10:00:00', order: { total_amount: 11.2 } }),
    purchase({ id: 'b', at: '2026-01-01T11:00:00', order: { ...VOUCHER, total_amount: 5.05 } }),
    purchase({ id: 'c', at: '2026-01-05T11:00:00', order: { ...VOUCHER, total_amount: 7 } }),
    purchase({ id: 'd', at: '2026-01-05T12:00:00', order: { payment_method: 9 } }),
  ];

  beforeEach(async () => {
    await landEvents(db.settings, EVENTS);
    await promoteAll(db.settings);
  });

  test('come into silver and the right days of gold once its dimension has the row', async () => {
    expect(await quarantine()).toEqual([
      '1 open unknown_reference',
      '2 open unknown_reference',
      '3 open unknown_reference',
    ]);
    await allowVouchers();
    const result = await replay();
    expect(result.replay).toEqual({
      outcomes: [
        { outcome: 'current', reason: null, field: null, events: 2 },
        {
          outcome: 'rejected',
          reason: 'unknown_reference',
          field: 'order.payment_method',
          events: 1,
        },
      ],
      obstacles: [],
    });
    expect(result.silver).toMatchObject({ events: 3, accepted: 2, written: 2, rejected: 1 });
    expect(
      await rowsOf(
        db.settings,
        'select date_key, total_orders, order_total_amount_day as total from gold.sales_performance order by 1',
      ),
    ).toEqual([
      { date_key: '2026-01-01', total_orders: '2', total: '16.25' },
      { date_key: '2026-01-05', total_orders: '1', total: '7.00' },
    ]);
    expect(
      await rowsOf(
        db.settings,
        `select date_key, orders, revenue from gold.payment_performance where payment_method = 'voucher' order by 1`,
      ),
    ).toEqual([
      { date_key: '2026-01-01', orders: '1', revenue: '5.05' },
      { date_key: '2026-01-05', orders: '1', revenue: '7.00' },
    ]);
    // The first day had been published with one order of 11.20.
    expect(
      await rowsOf(
        db.settings,
        'select date_key, old_orders, new_orders, old_total, new_total from gold.restatements',
      ),
    ).toEqual([
      {
        ...{ date_key: '2026-01-01', old_orders: '1', new_orders: '2' },
        ...{ old_total: '11.20', new_total: '16.25' },
      },
    ]);
    expect(await quarantine()).toEqual([
      '1 replayed unknown_reference',
      '2 replayed unknown_reference',
      '3 open unknown_reference',
    ]);
    expect(await history()).toEqual([
      '1 replayed: unknown_reference > current',
      '2 replayed: unknown_reference > current',
      '3 rejected: unknown_reference > unknown_reference',
    ]);
    expect(
      await rowOf(
        db.settings,
        `select count(*) filter (where resolved_at is not null) as resolved,
                (select next_offset from medallion.watermarks) as watermark,
                (select string_agg(command || ' ' || outcome, ', ' order by run_id) from medallion.runs) as runs
         from bronze.quarantine`,
      ),
    ).toEqual({
      resolved: '2',
      watermark: '4',
      runs: 'promote done, quarantine replay done',
    });
    await expectAccountsToBalance();
  });

  test('are there once, however often they are replayed and promoted', async () => {
    await allowVouchers();
    await replay();
    const before = await answersOf(db.settings);
    const again = await replay();
    expect(again.silver).toMatchObject({ events: 1, written: 0, rejected: 1 });
    expect(again.gold?.days).toEqual([]);
    await promoteAll(db.settings);
    expect(await answersOf(db.settings)).toEqual(before);
    await expectAccountsToBalance();
  });

  test('are chosen by reason, field, topic, partition, day and coordinates', async () => {
    await allowVouchers();
    const none = [
      { reason: 'invalid_json' },
      { field: 'order.currency' },
      { topic: 'other' },
      { partition: 1 },
      { until: '2020-01-01' },
      { events: [{ topic: 'sales', partition: 0, offset: 0n }] },
    ];
    for (const selection of none) {
      expect((await replay(selection)).silver?.events, JSON.stringify(Object.keys(selection))).toBe(
        0,
      );
    }
    await replay({ events: [{ topic: 'sales', partition: 0, offset: 2n }] });
    expect(await quarantine()).toContain('2 replayed unknown_reference');
    expect(await quarantine()).toContain('1 open unknown_reference');
    await replay({ reason: 'unknown_reference', topic: 'sales', since: '2020-01-01' });
    expect(await quarantine()).toContain('1 replayed unknown_reference');
  });

  test('say why they are rejected today when that has changed', async () => {
    // Method 9 is fine now; the status of the order is not any more.
    await run(`insert into silver.dim_payment_method values (9, 'cheque');
               delete from silver.dim_order_status where id = 1`);
    await replay({ events: [{ topic: 'sales', partition: 0, offset: 3n }] });
    expect(
      await rowOf(
        db.settings,
        `select q.reason, q.field, q.status, h.field_before, h.field_after, q.run_id = h.run_id as by_this_run
         from bronze.quarantine q join bronze.quarantine_history h using (topic, partition, "offset")`,
      ),
    ).toEqual({
      ...{ reason: 'unknown_reference', field: 'order.status', status: 'open' },
      ...{ field_before: 'order.payment_method', field_after: 'order.status', by_this_run: 't' },
    });
  });

  test('wait for gold when only silver is asked for', async () => {
    await allowVouchers();
    await replay({}, { gold: false });
    expect(await rowsOf(db.settings, 'select date_key from medallion.stale_dates order by 1')) //
      .toEqual([{ date_key: '2026-01-01' }, { date_key: '2026-01-05' }]);
    const { gold } = await promoteAll(db.settings, { silver: false });
    expect(gold).toMatchObject({ days: ['2026-01-01', '2026-01-05'], restated: 1 });
  });

  test('stay as they are while another run promotes, and while silver is being made again', async () => {
    await allowVouchers();
    await withPromotionLock(db.settings, 'the other one', async () => {
      await expect(replay()).rejects.toMatchObject({
        code: 'locked',
        message: expect.stringContaining('the other one') as string,
      });
    });
    await run(`insert into medallion.refreshes (layer, run_id) values ('silver', 0)`);
    await expect(replay()).rejects.toMatchObject({ code: 'check_failed' });
    expect((await quarantine()).filter((line) => line.includes('open'))).toHaveLength(3);
  });

  test('cannot be dismissed while a replay is at work on them', async () => {
    await allowVouchers();
    const dismiss = async (): Promise<number> =>
      decide(db.settings, 'dismiss', {
        ...{ selection: {}, note: undefined, osUser: 'ana', arguments: [] },
      });
    let dismissal: Promise<number> | undefined;
    const result = promoteAll(db.settings, {
      replay: { selection: {}, maxEventBytes: 1 },
      context: {
        signal: new AbortController().signal,
        emit: ({ type }) => {
          if (type === 'step.progress') {
            dismissal ??= dismiss();
            // It may fail while the replay is still at work: it is looked at below.
            dismissal.catch(() => undefined);
          }
        },
      },
    });
    await result;
    // It waited, or was told to come again; what was replayed meanwhile is not open any more.
    await dismissal?.catch((error: unknown) => {
      expect(error).toMatchObject({ code: 'locked' });
    });
    expect((await quarantine()).slice(0, 2)).toEqual([
      '1 replayed unknown_reference',
      '2 replayed unknown_reference',
    ]);
    await expectAccountsToBalance();
  });
});

describe('a replayed event takes the place that its time gives it', () => {
  test('superseded where a correction came meanwhile', async () => {
    await landEvents(db.settings, [
      purchase({ id: 'a', at: '2026-01-01T10:00:00', order: { ...VOUCHER, total_amount: 1 } }),
    ]);
    await promoteAll(db.settings);
    const corrected = purchase({ id: 'a', at: '2026-01-01T11:00:00', order: { total_amount: 2 } });
    await landEvents(db.settings, [corrected], { from: 1 });
    await promoteAll(db.settings);
    await allowVouchers();
    const result = await replay();
    expect(result.silver).toMatchObject({ written: 0, duplicates: 0, superseded: 1 });
    expect(result.gold?.days).toEqual([]);
    expect(await history()).toEqual(['0 replayed: unknown_reference > superseded']);
    expect(
      await rowOf(db.settings, 'select "offset", order_total_amount from silver.fact_transactions'),
    ).toEqual({ offset: '1', order_total_amount: '2.00' });
    await expectAccountsToBalance();
  });

  test('the current one where silver has an older version, on another day', async () => {
    await landEvents(db.settings, [
      purchase({ id: 'a', at: '2026-01-03T10:00:00', order: { ...VOUCHER, total_amount: 3 } }),
      purchase({ id: 'a', at: '2026-01-01T10:00:00', order: { total_amount: 1 } }),
    ]);
    await promoteAll(db.settings);
    await allowVouchers();
    const result = await replay();
    expect(result.silver).toMatchObject({ written: 1, superseded: 1 });
    expect(result.gold).toMatchObject({ days: ['2026-01-01', '2026-01-03'], restated: 1 });
    expect(
      await rowsOf(
        db.settings,
        'select date_key, order_total_amount_day from gold.sales_performance',
      ),
    ).toEqual([{ date_key: '2026-01-03', order_total_amount_day: '3.00' }]);
    await expectAccountsToBalance();
  });

  test('a duplicate where it is repeated, in another batch too', async () => {
    const event = purchase({ id: 'a', at: '2026-01-01T10:00:00', order: VOUCHER });
    await landEvents(db.settings, [event, event, event]);
    await promoteAll(db.settings);
    await allowVouchers();
    expect((await replay({}, { chunkRows: 2 })).silver).toMatchObject({ duplicates: 2 });
    expect(await rowsOf(db.settings, 'select "offset" from silver.fact_transactions')).toEqual([
      { offset: '2' },
    ]);
    await expectAccountsToBalance();
  });
});

describe('a full refresh judges the quarantine again, too', () => {
  const EVENTS = [
    purchase({ id: 'a', at: '2026-01-01T10:00:00', order: VOUCHER }),
    purchase({ id: 'b', at: '2026-01-02T10:00:00', order: VOUCHER }),
    purchase({ id: 'c', at: '2026-01-02T11:00:00', order: { payment_method: 9 } }),
    '{"broken": ',
    purchase({ id: 'e', at: '2026-01-02T12:00:00' }),
    purchase({ id: 'a', at: '2026-01-01T10:00:00', order: VOUCHER }),
  ];

  test('after a replay, with the answer of a fresh promotion', async () => {
    await landEvents(db.settings, EVENTS);
    await promoteAll(db.settings);
    await allowVouchers();
    await replay();
    const refusedAt =
      'select min(quarantined_at) as first, max(quarantined_at) as last from bronze.quarantine';
    const times = await rowOf(db.settings, refusedAt);
    await promoteAll(db.settings, { fullRefresh: true, chunkRows: 2 });
    await withDatabase(async (fresh) => {
      await promoteAll(fresh.settings);
      await allowVouchers(fresh);
      await landEvents(fresh.settings, EVENTS);
      await promoteAll(fresh.settings);
      const expected = await answersOf(fresh.settings);
      const found = await answersOf(db.settings);
      // Only here were they ever rejected.
      expect({ ...found, quarantine: 0 }).toEqual({ ...expected, quarantine: 0 });
    });
    expect(await quarantine()).toEqual([
      '0 replayed unknown_reference',
      '1 replayed unknown_reference',
      '2 open unknown_reference',
      '3 open invalid_json',
      '5 replayed unknown_reference',
    ]);
    // Nothing changed by the refresh, so nothing was noted, and the user's row of the dimension is still there.
    expect(await history()).toHaveLength(5);
    expect(await rowOf(db.settings, refusedAt)).toEqual(times);
    await expectAccountsToBalance();
  });

  test('with the dimension rows of today: what they took in goes back, what was dismissed may come in', async () => {
    await landEvents(db.settings, EVENTS);
    await promoteAll(db.settings);
    await allowVouchers();
    await replay();
    await decide(db.settings, 'dismiss', {
      ...{ selection: {}, note: 'not ours', osUser: 'ana', arguments: [] },
    });
    await run(`delete from silver.dim_payment_method where id = 4;
               insert into silver.dim_payment_method values (9, 'cheque')`);
    await promoteAll(db.settings, { fullRefresh: true });
    expect(await quarantine()).toEqual([
      '0 open unknown_reference',
      '1 open unknown_reference',
      '2 replayed unknown_reference',
      '3 dismissed invalid_json',
      '5 open unknown_reference',
    ]);
    await expectAccountsToBalance();
  });
});

describe('events that ingest rejected', () => {
  const GOOD = purchase({ id: 'big', at: '2026-01-01T10:00:00' });
  const LARGE = Buffer.from(GOOD);

  async function refuse(
    offset: number,
    reason: string,
    raw: Buffer | null,
    detail: string,
  ): Promise<void> {
    await withClient(db.settings, async (client) => {
      await client.query(
        `insert into bronze.quarantine (topic, partition, "offset", stage, reason, detail, raw, produced_at, run_id)
         values ('sales', 0, $1, 'ingest', $2, $3, $4, '2026-01-31T00:00:00Z', 0)`,
        [offset, reason, detail, raw],
      );
      await client.query(
        'update medallion.offsets set next_offset = $1, quarantined_events = quarantined_events + 1',
        [offset + 1],
      );
    });
  }

  beforeEach(async () => {
    await landEvents(db.settings, [purchase({ id: 'a', at: '2026-01-01T09:00:00' })]);
    const size = LARGE.length;
    await refuse(1, 'too_large', LARGE, `${size} bytes, more than the limit of 100`);
    await refuse(
      2,
      'too_large',
      LARGE.subarray(0, 100),
      `${size} bytes, more than the limit of 100; the first 100 are kept`,
    );
    await refuse(3, 'not_text', Buffer.from([0xff, 0x00]), 'bytes that are not UTF-8');
    await refuse(4, 'empty_value', null, 'a message without a value');
    await refuse(5, 'too_large', Buffer.from([0xff, 0xfe]), '2 bytes, more than the limit of 1');
    await refuse(6, 'too_large', Buffer.from('{'), '1 bytes, more than the limit of 0');
  });

  test('wait for the promotion of their partition', async () => {
    expect((await replay()).replay?.obstacles).toContainEqual({
      obstacle: 'not_promoted',
      events: 3,
    });
    expect(await rowOf(db.settings, 'select count(*) as n from bronze.events')).toEqual({ n: '1' });
  });

  test('come in when they were too large, are whole, and the limit allows them; the others say what hinders', async () => {
    await promoteAll(db.settings);
    const limited = await replay({}, { maxEventBytes: 50 });
    expect(limited.replay?.obstacles).toContainEqual({ obstacle: 'over_limit', events: 1 });

    const result = await replay();
    expect(result.replay?.outcomes).toEqual([
      { outcome: 'current', reason: null, field: null, events: 1 },
      // Landed by the replay before this one, and rejected again.
      { outcome: 'rejected', reason: 'invalid_json', field: null, events: 1 },
    ]);
    expect(result.replay?.obstacles).toEqual([
      { obstacle: 'not_text', events: 2 },
      { obstacle: 'cut_off', events: 1 },
      { obstacle: 'empty_value', events: 1 },
    ]);
    expect(await quarantine()).toEqual([
      '1 replayed too_large',
      '2 open too_large',
      '3 open not_text',
      '4 open empty_value',
      '5 open not_text',
      '6 open invalid_json',
    ]);
    expect(
      await rowOf(
        db.settings,
        `select (select value from bronze.events where "offset" = 1) as value,
                ingested_events + quarantined_events as read, quarantined_events as rejected
         from medallion.offsets`,
      ),
    ).toEqual({ value: GOOD, read: '7', rejected: '4' });
    expect(await rowsOf(db.settings, 'select total_orders from gold.sales_performance')).toEqual([
      { total_orders: '2' },
    ]);
    await expectAccountsToBalance();
  });
});
