import { expect, test } from 'vitest';
import { readHeader } from '../../src/model/header.ts';

/** Every rule of a model's header, broken one at a time in a header that is right otherwise. */

const COLUMNS = {
  date_key: { type: 'date', description: 'UTC day' },
  orders: { type: 'bigint', description: 'Purchases' },
};
const BY_DAY = {
  description: 'Orders by day',
  grain: 'one row per UTC day',
  key: ['date_key'],
  load: 'replace_days',
  columns: COLUMNS,
};
const ADDITIVE = { ...BY_DAY, load: 'additive', count: 'orders' };
const LATEST = {
  ...BY_DAY,
  load: 'upsert_latest',
  key: ['id'],
  latest_by: ['seen_at'],
  columns: {
    id: { type: 'text', description: 'Id' },
    seen_at: { type: 'timestamptz', description: 'When' },
  },
};
const ALL = { ...BY_DAY, load: 'replace_all' };
const check = { name: 'some orders', that: 'orders > 0', severity: 'warn' };

const without = (header: object, name: string): object =>
  Object.fromEntries(Object.entries(header).filter(([property]) => property !== name));
const withColumn = (
  header: { readonly columns: object },
  name: string,
  column: object,
): object => ({
  ...header,
  columns: { ...header.columns, [name]: column },
});

function problemsOf(header: unknown): readonly string[] {
  const read = readHeader(header);
  return 'problems' in read ? read.problems : [];
}

test.each([
  ['a mart by day', BY_DAY],
  [
    'a mart by month',
    {
      ...BY_DAY,
      load: 'replace_months',
      key: ['month_key'],
      columns: { month_key: { type: 'date', description: 'First day' } },
    },
  ],
  ['an additive mart', ADDITIVE],
  [
    'an additive mart with a column derived',
    withColumn(ADDITIVE, 'half', {
      type: 'numeric(10,2)',
      description: 'Half',
      derived: 'orders / 2.0',
    }),
  ],
  [
    'an additive mart with a look-up that may be null',
    withColumn(ADDITIVE, 'name', {
      type: 'text',
      description: 'Name',
      nullable: true,
      derived: 'null',
    }),
  ],
  ['rows that the latest one wins', LATEST],
  ['a mart that is computed at most every quarter of an hour', { ...ALL, refresh: '15m' }],
  [
    'a fact with a range of keys',
    {
      ...BY_DAY,
      load: 'replace_transactions',
      key: ['transaction_key'],
      window: 'transaction_key',
      columns: { transaction_key: { type: 'bigint', description: 'Key' } },
    },
  ],
  ['recorded restatements', { ...BY_DAY, restatements: { orders: 'orders', total: 'orders' } }],
  [
    'what rows held that were there before a column',
    withColumn(BY_DAY, 'units', { type: 'integer', description: 'Units', backfill: 'orders' }),
  ],
  ['unique columns and an index', { ...BY_DAY, unique: ['orders'], indexes: ['(orders)'] }],
  ['a model in the place of one of the package', { ...BY_DAY, replaces: true }],
  [
    'every type',
    {
      ...BY_DAY,
      columns: {
        date_key: COLUMNS.date_key,
        ...Object.fromEntries(
          [
            'text',
            'smallint',
            'integer',
            'bigint',
            'boolean',
            'date',
            'timestamptz',
            'numeric(38,10)',
          ].map((type, at) => [`c${String(at)}`, { type, description: 'x' }]),
        ),
      },
    },
  ],
  [
    'a check with both limits',
    { ...BY_DAY, checks: [{ ...check, severity: 'error', warn_above: 1, error_above: '5%' }] },
  ],
  [
    'an error from a number of rows on',
    { ...BY_DAY, checks: [{ ...check, severity: 'error', error_above: 3 }] },
  ],
])('%s is a header', (_, header) => {
  expect(problemsOf(header)).toEqual([]);
});

test.each(['description', 'grain', 'key', 'load', 'columns'])('%s may not be missing', (name) => {
  expect(problemsOf(without(BY_DAY, name))).toEqual([`${name}: is missing`]);
});

test.each<[string, unknown, string]>([
  ['nothing', null, 'header: null is not Object'],
  ['a list', [], 'header: Array is not Object'],
  ['a word that is none', { ...BY_DAY, lode: 'x' }, 'lode: is not a known property'],
  [
    'a word of a column that is none',
    withColumn(BY_DAY, 'orders', { ...COLUMNS.orders, kind: 'x' }),
    'columns.orders.kind: is not a known property',
  ],
  ['a description without words', { ...BY_DAY, description: '' }, 'description: is empty'],
  ['a grain that says no row', { ...BY_DAY, grain: 'days' }, 'grain: begins with "one row per"'],
  ['a key of no column', { ...BY_DAY, key: [] }, 'key: is empty'],
  ['a key that is no list', { ...BY_DAY, key: 'date_key' }, 'key: "date_key" is not Array'],
  [
    'a key that is no column',
    { ...BY_DAY, key: ['date_key', 'hour'] },
    'key: "hour" is not among the columns',
  ],
  [
    'a unique column that is none',
    { ...BY_DAY, unique: ['hour'] },
    'unique: "hour" is not among the columns',
  ],
  [
    'a time that is no column',
    { ...LATEST, latest_by: ['then'] },
    'latest_by: "then" is not among the columns',
  ],
  [
    'a window that is no column',
    { ...BY_DAY, window: 'transaction_key' },
    'window: "transaction_key" is not among the columns',
  ],
  [
    'another window',
    { ...BY_DAY, window: 'date_key' },
    'window: "date_key" is not "transaction_key"',
  ],
  [
    'restatements of no column',
    { ...BY_DAY, restatements: { orders: 'orders', total: 'total' } },
    'restatements: "total" is not among the columns',
  ],
  [
    'restatements without a total',
    { ...BY_DAY, restatements: { orders: 'orders' } },
    'restatements.total: is missing',
  ],
  [
    'a column with a name for quotes',
    withColumn(BY_DAY, 'Order Count', COLUMNS.orders),
    'columns.Order Count: is not a plain lower-case name',
  ],
  [
    'a column without a type',
    withColumn(BY_DAY, 'orders', { description: 'x' }),
    'columns.orders.type: is missing',
  ],
  [
    'a column without a description',
    withColumn(BY_DAY, 'orders', { type: 'bigint' }),
    'columns.orders.description: is missing',
  ],
  [
    'a binary fraction',
    withColumn(BY_DAY, 'orders', { type: 'double precision', description: 'x' }),
    'columns.orders.type: is not one of text, smallint, integer, bigint, boolean, date, timestamptz, numeric(p,s)',
  ],
  [
    'a decimal of any length',
    withColumn(BY_DAY, 'orders', { type: 'numeric', description: 'x' }),
    'columns.orders.type: is not one of text, smallint, integer, bigint, boolean, date, timestamptz, numeric(p,s)',
  ],
  [
    'nullable in words',
    withColumn(BY_DAY, 'orders', { ...COLUMNS.orders, nullable: 'yes' }),
    'columns.orders.nullable: "yes" is not boolean',
  ],
  [
    'days without a day in the key',
    { ...BY_DAY, key: ['orders'] },
    'key: load replace_days needs the column date_key in the key',
  ],
  [
    'months without a month in the key',
    { ...BY_DAY, load: 'replace_months' },
    'key: load replace_months needs the column month_key in the key',
  ],
  [
    'latest rows without a time',
    without(LATEST, 'latest_by'),
    'latest_by: load upsert_latest needs it, and it works with no other load',
  ],
  [
    'a time where the latest row does not win',
    { ...BY_DAY, latest_by: ['orders'] },
    'latest_by: load upsert_latest needs it, and it works with no other load',
  ],
  [
    'a refresh of what is computed by day',
    { ...BY_DAY, refresh: '15m' },
    'refresh: works only with load replace_all',
  ],
  [
    'a refresh that is no duration',
    { ...ALL, refresh: 'hourly' },
    'refresh: is not a duration like 15m',
  ],
  ['a refresh of no time', { ...ALL, refresh: '0m' }, 'refresh: is not a duration like 15m'],
  [
    'an additive mart that counts nothing',
    without(ADDITIVE, 'count'),
    'count: is missing: the measure that is 0 when no row is behind a cell any more',
  ],
  [
    'an additive mart that counts its key',
    { ...ADDITIVE, count: 'date_key' },
    'count: is missing: the measure that is 0 when no row is behind a cell any more',
  ],
  [
    'a count of what is not additive',
    { ...BY_DAY, count: 'orders' },
    'count: works only with load additive',
  ],
  [
    'rows taken whole of what is not additive',
    { ...BY_DAY, within: ['date_key'] },
    'within: works only with load additive',
  ],
  [
    'a column derived of what is not additive',
    withColumn(BY_DAY, 'half', {
      type: 'numeric(10,2)',
      description: 'x',
      derived: 'orders / 2.0',
    }),
    'columns.half.derived: works only with load additive',
  ],
  [
    'a key that is derived',
    withColumn(ADDITIVE, 'date_key', { ...COLUMNS.date_key, derived: 'current_date' }),
    'columns.date_key.derived: a column of the key comes from the select',
  ],
  [
    'a measure of text',
    withColumn(ADDITIVE, 'name', { type: 'text', description: 'x' }),
    'columns.name: a measure of an additive mart is a bigint or numeric(p,s) that is never null; other columns are in the key, or derived',
  ],
  [
    'a measure whose sums may overflow',
    withColumn(ADDITIVE, 'units', { type: 'integer', description: 'x' }),
    'columns.units: a measure of an additive mart is a bigint or numeric(p,s) that is never null; other columns are in the key, or derived',
  ],
  [
    'a measure that may be null',
    withColumn(ADDITIVE, 'units', { type: 'bigint', description: 'x', nullable: true }),
    'columns.units: a measure of an additive mart is a bigint or numeric(p,s) that is never null; other columns are in the key, or derived',
  ],
  [
    'a check without a condition',
    { ...BY_DAY, checks: [without(check, 'that')] },
    'checks.0.that: is missing',
  ],
  [
    'a check that is as bad as one likes',
    { ...BY_DAY, checks: [{ ...check, severity: 'info' }] },
    'checks.0.severity: "info" is not ("warn" | "error")',
  ],
  [
    'a check with a novel for a name',
    { ...BY_DAY, checks: [{ ...check, name: 'x'.repeat(201) }] },
    'checks.0.name: is longer than 200 characters',
  ],
  [
    'two checks of one name',
    { ...BY_DAY, checks: [check, check] },
    'checks: two checks are called "some orders"',
  ],
  [
    'a limit that is no number',
    { ...BY_DAY, checks: [{ ...check, warn_above: 'few' }] },
    'checks.0.warn_above: is not a number of rows (5) or a percentage of them ("0.1%")',
  ],
  [
    'a limit above everything',
    { ...BY_DAY, checks: [{ ...check, warn_above: '101%' }] },
    'checks.0.warn_above: is not a number of rows (5) or a percentage of them ("0.1%")',
  ],
  [
    'an error on a warning',
    { ...BY_DAY, checks: [{ ...check, error_above: 5 }] },
    'checks.0.error_above: works only with severity error',
  ],
  [
    'a warning behind an error',
    { ...BY_DAY, checks: [{ ...check, severity: 'error', warn_above: 6, error_above: 5 }] },
    'checks.0.warn_above: 6 is more than error_above, 5',
  ],
  [
    'a warning on an error at the first row',
    { ...BY_DAY, checks: [{ ...check, severity: 'error', warn_above: 5 }] },
    'checks.0.warn_above: needs error_above: without it, one failing row is already an error',
  ],
])('%s is named with its place', (_, header, problem) => {
  expect(problemsOf(header)).toEqual([problem]);
});

test('everything that is wrong is said at once', () => {
  expect(
    problemsOf({ ...BY_DAY, grain: 'days', load: 'sometimes', unique: 'orders' }).map(
      (problem) => problem.split(':')[0],
    ),
  ).toEqual(['grain', 'load', 'unique']);
});
