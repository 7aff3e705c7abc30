import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DEFAULT_REPORTING } from '../../src/config/reporting.ts';
import { loadModels } from '../../src/model/load.ts';
import { planTables } from '../../src/promote/plan.ts';
import { purchase } from '../support/orders.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { ENGINES, landEvents, promoteAll, rowOf, rowsOf, useEngine } from '../support/promotion.ts';

/** A moment, the zone, and the day and hour there, as a printed table of its clocks says. */
const CLOCKS: readonly (readonly [at: string, zone: string, day: string, hour: string])[] = [
  // New York: five hours behind in winter, four from 2026-03-08 07:00 UTC to 2026-11-01 06:00 UTC.
  ['2026-01-02T04:59:59Z', 'America/New_York', '2026-01-01', '23'],
  ['2026-01-02T05:00:00Z', 'America/New_York', '2026-01-02', '0'],
  ['2026-03-08T06:59:59Z', 'America/New_York', '2026-03-08', '1'],
  ['2026-03-08T07:00:00Z', 'America/New_York', '2026-03-08', '3'],
  ['2026-03-09T03:59:59Z', 'America/New_York', '2026-03-08', '23'],
  ['2026-11-01T05:30:00Z', 'America/New_York', '2026-11-01', '1'],
  ['2026-11-01T06:30:00Z', 'America/New_York', '2026-11-01', '1'],
  ['2026-11-02T04:59:59Z', 'America/New_York', '2026-11-01', '23'],
  // Auckland: thirteen hours ahead in summer, twelve from 2026-04-04 14:00 UTC on.
  ['2025-12-31T11:00:00Z', 'Pacific/Auckland', '2026-01-01', '0'],
  ['2026-04-04T13:59:59Z', 'Pacific/Auckland', '2026-04-05', '2'],
  ['2026-04-04T14:00:00Z', 'Pacific/Auckland', '2026-04-05', '2'],
  ['2026-04-05T12:00:00Z', 'Pacific/Auckland', '2026-04-06', '0'],
  // Kolkata: five and a half hours ahead, always.
  ['2026-06-30T18:29:59Z', 'Asia/Kolkata', '2026-06-30', '23'],
  ['2026-06-30T18:30:00Z', 'Asia/Kolkata', '2026-07-01', '0'],
];
const ZONES = [...new Set(CLOCKS.map(([, zone]) => zone))];

let db: TestDatabase;

beforeEach(async () => {
  db = await createTestDatabase();
});

afterEach(async () => {
  await db.drop();
});

describe.each(ENGINES)('days of a zone by %s', (engine) => {
  useEngine(engine);

  test.each(ZONES)('are those of the clocks in %s, through each change of them', async (zone) => {
    const clocks = CLOCKS.filter(([, of]) => of === zone);
    // The second half by the judge, which reads whatever is not plainly good.
    const events = clocks.map(([at], index) =>
      purchase({ id: `t${String(index)}`, at, order: { status: index % 2 === 0 ? 1 : 'placed' } }),
    );
    await landEvents(db.settings, events);
    await promoteAll(db.settings, { reporting: { ...DEFAULT_REPORTING, timezone: zone } });
    expect(
      await rowsOf(
        db.settings,
        `select transaction_id, date_key, ordered_hour,
           transaction_key >> 40 = date_key - date '1900-01-01' as is_keyed
         from silver.fact_transactions order by transaction_id`,
      ),
    ).toEqual(
      clocks.map(([, , day, hour], index) => ({
        ...{ transaction_id: `t${String(index)}`, date_key: day, ordered_hour: hour },
        is_keyed: 't',
      })),
    );
    const hours = await rowsOf(
      db.settings,
      'select date_key, hour, orders from gold.hourly_sales order by 1, 2',
    );
    expect(hours.map(({ date_key: day, hour }) => `${day ?? ''} ${hour ?? ''}`).sort()).toEqual(
      [...new Set(clocks.map(([, , day, hour]) => `${day} ${hour}`))].sort(),
    );
    expect(
      await rowsOf(
        db.settings,
        'select date_key, total_orders from gold.sales_performance order by 1',
      ),
    ).toEqual(
      [...new Set(clocks.map(([, , day]) => day))].sort().map((day) => ({
        date_key: day,
        total_orders: String(clocks.filter(([, , of]) => of === day).length),
      })),
    );
  });
});

describe('another zone', () => {
  const berlin = { ...DEFAULT_REPORTING, timezone: 'Europe/Berlin' };
  const days = (): Promise<(string | null)[]> =>
    rowsOf(db.settings, 'select date_key from gold.sales_performance order by 1').then((rows) =>
      rows.map((row) => row['date_key'] ?? null),
    );

  beforeEach(async () => {
    await landEvents(db.settings, [
      purchase({ id: 'a', at: '2026-01-01T23:30:00Z' }),
      purchase({ id: 'b', at: '2026-01-02T10:00:00Z' }),
    ]);
  });

  test('is taken while silver is empty, and refused from the first transaction on', async () => {
    await promoteAll(db.settings, { reporting: berlin });
    expect(await days()).toEqual(['2026-01-02']);
    expect(await rowOf(db.settings, 'select * from gold.reporting')).toEqual({
      timezone: 'Europe/Berlin',
      currency: null,
    });
    for (const options of [{}, { silver: false }, { silver: false, fullRefresh: true }]) {
      await expect(promoteAll(db.settings, options)).rejects.toMatchObject({
        code: 'config',
        message: 'report.timezone is UTC, but silver and gold were made with Europe/Berlin',
        hint:
          'Nothing was changed. To rebuild silver and gold from bronze: medallion promote --full-refresh; ' +
          'to go on as before: report.timezone: Europe/Berlin.',
      });
    }
    expect(await days()).toEqual(['2026-01-02']);
    expect(await planTables(db.settings, loadModels(), berlin)).toEqual([]);
    expect(await planTables(db.settings, loadModels())).toEqual([
      {
        ...{ model: 'report.timezone', step: 'refresh', what: 'Europe/Berlin becomes UTC' },
        then: 'medallion promote --full-refresh rebuilds silver and gold from bronze',
      },
    ]);
  });

  test('is taken by a full refresh, which moves orders to their days there', async () => {
    await promoteAll(db.settings);
    expect(await days()).toEqual(['2026-01-01', '2026-01-02']);
    await promoteAll(db.settings, { reporting: berlin, fullRefresh: true });
    expect(await days()).toEqual(['2026-01-02']);
    expect(await rowOf(db.settings, 'select * from gold.reporting')).toEqual({
      timezone: 'Europe/Berlin',
      currency: null,
    });
    // A correction finds the order on the day that it has there.
    await landEvents(db.settings, [purchase({ id: 'a', at: '2026-01-02T23:30:00Z' })], { from: 2 });
    const { gold } = await promoteAll(db.settings, { reporting: berlin });
    expect(gold?.days).toEqual(['2026-01-02', '2026-01-03']);
    expect(await days()).toEqual(['2026-01-02', '2026-01-03']);
  });
});
