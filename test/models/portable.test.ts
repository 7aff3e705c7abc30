import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stagedTable } from '../../src/engine/engine.ts';
import { loadModels } from '../../src/model/load.ts';
import type { Model } from '../../src/model/model.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { ENGINES, openTestEngine, rowsOf, useEngine } from '../support/promotion.ts';

/** What the functions that models may call say of some values, worked out by hand and from a printed calendar. */
const KNOWN: readonly (readonly [expression: string, value: string])[] = [
  ["days_between(date '2026-01-01', date '2026-01-01')", '0'],
  ["days_between(date '1900-01-01', date '2026-01-04')", '46024'],
  ["days_between(date '2024-03-01', date '2024-02-28')", '-2'],
  ["month_name(date '2024-02-29')", 'February'],
  ["month_name(date '2026-09-01')", 'September'],
  // A Monday, the days to the next one, and the ends of years that are in a week of another year.
  ...(
    [
      ['2026-08-31', 'Monday', '1', '2026'],
      ['2026-09-01', 'Tuesday', '2', '2026'],
      ['2026-09-02', 'Wednesday', '3', '2026'],
      ['2026-09-03', 'Thursday', '4', '2026'],
      ['2026-09-04', 'Friday', '5', '2026'],
      ['2026-09-05', 'Saturday', '6', '2026'],
      ['2026-09-06', 'Sunday', '7', '2026'],
      ['2021-01-03', 'Sunday', '7', '2020'],
      ['2024-12-30', 'Monday', '1', '2025'],
      ['1900-01-01', 'Monday', '1', '1900'],
    ] as const
  ).flatMap(([day, name, weekday, year]): [string, string][] => [
    [`weekday_name(date '${day}')`, name],
    [`iso_weekday(date '${day}')`, weekday],
    [`iso_year(date '${day}')`, year],
  ]),
  ['exact_mean(cast(10.00 as decimal(38, 2)), 3)', '3.3333'],
  ['exact_mean(cast(20.00 as decimal(38, 2)), 3)', '6.6667'],
  // A tie at the fifth decimal goes away from zero.
  ['exact_mean(cast(0.01 as decimal(38, 2)), 200)', '0.0001'],
  ['exact_mean(cast(-0.01 as decimal(38, 2)), 200)', '-0.0001'],
  ['exact_mean(cast(0.00 as decimal(38, 2)), 7)', '0.0000'],
  ['exact_mean(cast(99999999999999.99 as decimal(38, 2)), 1)', '99999999999999.9900'],
  ['fine_mean(cast(10.00 as decimal(38, 2)), 3)', '33333333333333333'],
  ['fine_mean(cast(-10.00 as decimal(38, 2)), 3)', '-33333333333333333'],
  ['mean_of_means(cast(33333333333333333 as decimal(38, 0)), 1)', '3.3333'],
  ['mean_of_means(cast(-33333333333333333 as decimal(38, 0)), 1)', '-3.3333'],
  [String.raw`extra_value('{"channel":"web \"é\"","coupon":"{7"}', 'channel')`, 'web "é"'],
  [`extra_value('{"channel":"web","coupon":"007"}', 'coupon')`, '007'],
  [`extra_value('{"channel":"web"}', 'coupon') is null`, 'true'],
  [`extra_value(cast(null as varchar), 'coupon') is null`, 'true'],
];

/** A mart of one row with a text for each. */
const PORTABLE: Model = {
  ...(loadModels().gold.find(({ name }) => name === 'customer_performance') as Model),
  ...{ name: 'portable', id: 'gold.portable', inputs: [], sources: [] },
  columns: KNOWN.map((_, index) => ({
    ...{ name: `value_${String(index)}`, type: 'text', description: '', nullable: true },
  })),
  sql: `select ${KNOWN.map(([expression], index) => `cast(${expression} as varchar) as value_${String(index)}`).join(', ')}`,
};

let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase();
});

afterAll(async () => {
  await db.drop();
});

function paired(row: Readonly<Record<string, unknown>>): (readonly [string, unknown])[] {
  return KNOWN.map(([expression], index) => [expression, row[`value_${String(index)}`]]);
}

describe.each(ENGINES)('the functions that models may call', (name) => {
  useEngine(name);

  test(`have these values in a model of ${name}`, async () => {
    const engine = await openTestEngine(db.settings);
    const session = await engine.openSession();
    await session.clear(PORTABLE);
    await session.stage(PORTABLE);
    const [row = {}] = await session.query(`select * from ${stagedTable(PORTABLE)}`);
    await engine.close();
    expect(paired(row)).toEqual(KNOWN);
  });
});

test('they have the same values in PostgreSQL', async () => {
  const values = KNOWN.map(
    ([expression], index) => `cast(medallion.${expression} as text) as value_${String(index)}`,
  );
  const [row = {}] = await rowsOf(db.settings, `select ${values.join(', ')}`);
  expect(paired(row)).toEqual(KNOWN);
});
