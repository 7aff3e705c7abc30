import * as v from '@badrap/valita';
import { LOADS, PERIOD_COLUMN } from './loads.ts';

/** Types that PostgreSQL and DuckDB spell and mean alike. Double precision is left out on purpose. */
const COLUMN_TYPE =
  /^(text|smallint|integer|bigint|boolean|date|timestamptz|numeric\(\d{1,2},\d{1,2}\))$/;
const NAME = /^[a-z][a-z0-9_]*$/;
/** A number of rows, or a percentage with up to 6 decimals. */
const LIMIT = /^(\d{1,15}|(100|\d{1,2})(\.\d{1,6})?%)$/;

/** Text that a pattern holds for, or what is wrong with it. */
const matching = (pattern: RegExp, problem: string): v.Type<string> =>
  v.string().assert((value) => pattern.test(value), problem);
const text = matching(/[^]/, 'is empty');
const texts = v.array(v.string()).optional(() => []);
const oneOf = <const Word extends string>(words: readonly Word[]): v.Type<Word> =>
  v.union(...words.map((word) => v.literal(word)));

const columnSchema = v.object({
  type: matching(
    COLUMN_TYPE,
    'is not one of text, smallint, integer, bigint, boolean, date, timestamptz, numeric(p,s)',
  ),
  description: text,
  nullable: v.boolean().optional(() => false),
  /**
   * Of an additive mart: an expression over the other columns, or a look-up, that PostgreSQL evaluates for each row that
   * changes. The row goes by the mart's name in it.
   */
  derived: text.optional(),
  /**
   * What the column holds in rows that were there before it: an expression of PostgreSQL over the other columns. Without it
   * rows that are there get null, or, where that may not be, are made again on demand.
   */
  backfill: text.optional(),
});

const limitSchema = v
  .union(v.number(), v.string())
  .map(String)
  .assert(
    (limit) => LIMIT.test(limit),
    'is not a number of rows (5) or a percentage of them ("0.1%")',
  );

/**
 * A condition that every row should meet. Rows that do not are reported (severity warn), or keep from being published
 * what they are a part of (error). Up to `warn_above` of them are passed over in silence, up to `error_above` an error
 * is a warning: rows, or a percentage of the rows checked. What is checked together is what is published together: a
 * batch of silver, which a run cuts by its --chunk-rows, and the marts of a run.
 */
const checkSchema = v.object({
  name: text.assert((name) => name.length <= 200, 'is longer than 200 characters'),
  that: text,
  severity: oneOf(['warn', 'error']),
  warn_above: limitSchema.optional(),
  error_above: limitSchema.optional(),
});

const headerSchema = v.object({
  description: text,
  grain: matching(/^one row per /, 'begins with "one row per"'),
  key: v.array(v.string()).assert((columns) => columns.length > 0, 'is empty'),
  load: oneOf(LOADS),
  /** Of a model of a project: it stands in the place of the package's of the same name. */
  replaces: v.boolean().optional(() => false),
  columns: v.record(columnSchema),
  unique: texts,
  /** PostgreSQL index definitions: what follows "create index on <table>". */
  indexes: texts,
  latest_by: texts,
  /** How often a watch computes the mart again at most, where it compares everybody: 15m. */
  refresh: matching(/^[1-9]\d*[smh]$/, 'is not a duration like 15m').optional(),
  /** Of an additive mart: the measure that is 0 when no row is behind a cell any more. */
  count: v.string().optional(),
  /** Of a mart over another mart: columns of that one by which its rows are taken whole; its key unless said otherwise. */
  within: texts,
  /** Of a mart over facts: the types of event that its select takes; without it all. A mart over marts takes what they do. */
  event_types: texts,
  /**
   * The column by which the days of this table are a range: transaction_key. Gold marts have their date_key. A view whose
   * inputs all have one makes the rows of a day from that day's alone.
   */
  window: v.literal('transaction_key').optional(),
  /** Days whose published figures change are recorded: the columns that hold them. */
  restatements: v.object({ orders: v.string(), total: v.string() }).optional(),
  checks: v.array(checkSchema).optional(() => []),
});

export type Header = v.Infer<typeof headerSchema>;

/**
 * Reads the header of a model.
 * @returns the header, or what is wrong with it, each with the place of it
 */
export function readHeader(
  value: unknown,
): { readonly header: Header } | { readonly problems: readonly string[] } {
  const result = headerSchema.try(value);
  if (!result.ok) {
    return { problems: result.issues.flatMap((issue) => problemsOf(issue, value)) };
  }
  const problems = [...contradictions(result.value)];
  return problems.length === 0 ? { header: result.value } : { problems };
}

function* contradictions(header: Header): Generator<string> {
  for (const column of Object.keys(header.columns).filter((name) => !NAME.test(name))) {
    yield `columns.${column}: is not a plain lower-case name`;
  }
  const named = {
    key: header.key,
    unique: header.unique,
    latest_by: header.latest_by,
    count: header.count === undefined ? [] : [header.count],
    window: header.window === undefined ? [] : [header.window],
    restatements: header.restatements === undefined ? [] : Object.values(header.restatements),
  };
  for (const [property, columns] of Object.entries(named)) {
    for (const column of columns.filter((name) => !Object.hasOwn(header.columns, name))) {
      yield `${property}: "${column}" is not among the columns`;
    }
  }
  const period = PERIOD_COLUMN[header.load];
  if (period !== undefined && !header.key.includes(period)) {
    yield `key: load ${header.load} needs the column ${period} in the key`;
  }
  const names = header.checks.map(({ name }) => name);
  for (const name of new Set(names.filter((name, index) => names.indexOf(name) !== index))) {
    yield `checks: two checks are called "${name}"`;
  }
  yield* additiveContradictions(header);
  if (header.refresh !== undefined && header.load !== 'replace_all') {
    yield 'refresh: works only with load replace_all';
  }
  if ((header.load === 'upsert_latest') !== header.latest_by.length > 0) {
    yield 'latest_by: load upsert_latest needs it, and it works with no other load';
  }
  for (const [index, check] of header.checks.entries()) {
    for (const problem of limitContradictions(check)) {
      yield `checks.${String(index)}.${problem}`;
    }
  }
}

/** Types whose sums are exact. */
const SUMMED = /^(bigint|numeric\(\d+,\d+\))$/;

function* additiveContradictions({ load, key, count, within, columns }: Header): Generator<string> {
  const derived = Object.entries(columns).filter(([, column]) => column.derived !== undefined);
  if (load !== 'additive') {
    const [first] = derived;
    if (count !== undefined || within.length > 0 || first !== undefined) {
      yield `${count !== undefined ? 'count' : within.length > 0 ? 'within' : `columns.${first?.[0] ?? ''}.derived`}: works only with load additive`;
    }
    return;
  }
  const measures = Object.entries(columns).filter(
    ([name, column]) => !key.includes(name) && column.derived === undefined,
  );
  if (count === undefined || !measures.some(([name]) => name === count)) {
    yield 'count: is missing: the measure that is 0 when no row is behind a cell any more';
  }
  for (const [name, { type, nullable }] of measures) {
    if (!SUMMED.test(type) || nullable) {
      yield `columns.${name}: a measure of an additive mart is a bigint or numeric(p,s) that is never null; other columns are in the key, or derived`;
    }
  }
  for (const [name] of derived.filter(([column]) => key.includes(column))) {
    yield `columns.${name}.derived: a column of the key comes from the select`;
  }
}

function* limitContradictions({
  severity,
  warn_above: warn,
  error_above: error,
}: Header['checks'][number]): Generator<string> {
  if (severity === 'warn' && error !== undefined) {
    yield 'error_above: works only with severity error';
  }
  if (severity === 'error' && warn !== undefined && error === undefined) {
    yield 'warn_above: needs error_above: without it, one failing row is already an error';
  }
  const isShare = (limit: string): boolean => limit.endsWith('%');
  if (warn !== undefined && error !== undefined && isShare(warn) === isShare(error)) {
    if (Number.parseFloat(warn) > Number.parseFloat(error)) {
      yield `warn_above: ${warn} is more than error_above, ${error}`;
    }
  }
}

type Issue = v.Err['issues'][number];

function problemsOf(issue: Issue, header: unknown): string[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${[...issue.path, key].join('.')}: is not a known property`);
  }
  const place = issue.path.length === 0 ? 'header' : issue.path.join('.');
  return [`${place}: ${wordsOf(issue, header)}`];
}

function wordsOf(issue: Issue, header: unknown): string {
  if (issue.code === 'custom_error') {
    return issue.message ?? '';
  }
  if (issue.code === 'missing_value') {
    return 'is missing';
  }
  const found = issue.path.reduce<unknown>(
    (value, key) => (value as Readonly<Record<string, unknown>>)[key],
    header,
  );
  const expected = 'expected' in issue ? issue.expected.map(wanted(issue.code)) : [];
  const [only = ''] = expected;
  return `${received(found)} is not ${expected.length > 1 ? `(${expected.join(' | ')})` : only}`;
}

/** A literal stands in quotes, a type as JavaScript calls it. */
const wanted =
  (code: Issue['code']) =>
  (expected: string | number | bigint | boolean): string =>
    code === 'invalid_literal'
      ? JSON.stringify(expected)
      : String(expected).replace(/^(object|array)$/, (type) =>
          type === 'array' ? 'Array' : 'Object',
        );

function received(value: unknown): string {
  if (typeof value === 'object' && value !== null) {
    return Array.isArray(value) ? 'Array' : 'Object';
  }
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
