import { PERIOD_COLUMN, type Load, type Model } from '../model/model.ts';
import { columnList, ident, literal } from '../postgres/quote.ts';
import { columnsOf, tableOf } from '../schema/tables.ts';
import { temporary } from '../postgres/publisher.ts';
import { statement, statements } from '../sql-file.ts';

/**
 * How the staged rows of a model become visible, for every engine: plain PostgreSQL, a file of sql/publish each, for the
 * transaction that also moves the watermark or clears the stale dates. What is additive is merged instead; see additive.ts.
 */
export interface Loading {
  /** Statements that make room: they run before the rows arrive. */
  readonly before: readonly string[];
  /** The table that the staged rows are copied to; none is a temporary one, which `after` merges from. */
  readonly into: string | undefined;
  readonly after: readonly string[];
}

/** By load: the file that makes room in the table itself, or the one that merges what was staged. */
const FILES: Readonly<Partial<Record<Load, { before: string } | { after: string }>>> = {
  seed: { after: 'publish/insert_new' },
  insert_new: { after: 'publish/insert_new' },
  upsert: { after: 'publish/upsert' },
  upsert_latest: { after: 'publish/upsert_latest' },
  replace_transactions: { before: 'publish/replace_transactions' },
  replace_days: { before: 'publish/replace_days' },
  replace_months: { before: 'publish/replace_months' },
  replace_all: { after: 'publish/replace_all' },
};

/** Temporary tables that these files read; whoever publishes makes them first. */
export const REPLACED_KEYS = 'replaced_keys';
export const PUBLISHED_PERIODS = {
  replace_days: 'published_days',
  replace_months: 'published_months',
} as const;

/**
 * The rows of one of PUBLISHED_PERIODS.
 * @param periods the first day of each
 */
export function publishedPeriods(
  load: keyof typeof PUBLISHED_PERIODS,
  periods: readonly string[],
): string {
  return `select ${dates(periods)} as ${PERIOD_COLUMN[load] ?? ''}`;
}

export function dates(values: readonly string[]): string {
  return `unnest(array[${values.map(literal).join(', ')}]::date[])`;
}

/** The name of the temporary table that holds a model's staged rows. */
export function temporaryOf(model: Model): string {
  return `staged_${model.name}`;
}

/** What rows of a model are ranked by, the latest last. Text by its bytes, as engines rank it, whatever the collation. */
export function latestOrder(model: Model, alias: string): string[] {
  return model.latest_by.map((name) => {
    const isText = model.columns.some((column) => column.name === name && column.type === 'text');
    return `${alias}.${ident(name)}${isText ? ' collate "C"' : ''}`;
  });
}

export function loadingOf(model: Model): Loading {
  const files = FILES[model.load];
  if (files === undefined) {
    throw new Error(`${model.id} is not loaded by its rows`);
  }
  const values = valuesOf(model);
  if ('before' in files) {
    return { before: statements(files.before, values), into: values.table, after: [] };
  }
  // Rows that are nothing but a key never say something else.
  const isKeyOnly = model.load === 'replace_all' && values.assignments === '';
  const merge = statement(isKeyOnly ? 'publish/insert_new' : files.after, values);
  const missing = model.load === 'replace_all' ? statements('publish/delete_missing', values) : [];
  return { before: [], into: undefined, after: [...missing, merge] };
}

/**
 * The same for a table that is made again from nothing.
 * @param schemaChange the statements that change it once it is empty
 */
export function makingAgain(model: Model, schemaChange: readonly string[]): Loading {
  const values = valuesOf(model);
  const before = [...statements('publish/make_again', values), ...schemaChange];
  return { before, into: values.table, after: [] };
}

/** What the files of sql/publish say of every table. */
export function valuesOf(
  model: Model,
): Record<string, string> & { table: string; assignments: string } {
  const others = model.columns.map(({ name }) => name).filter((name) => !model.key.includes(name));
  const of = (alias: string, names: readonly string[]): string =>
    names.map((name) => `${alias}.${ident(name)}`).join(', ');
  const sameKey = (a: string, b: string): [string, string] => [
    `${a}.key = ${b}.key`,
    same(a, b, model.key),
  ];
  return {
    table: tableOf(model),
    staged: temporary(temporaryOf(model)),
    columns: columnsOf(model),
    key: columnList(model.key),
    assignments: others.map((name) => `${ident(name)} = excluded.${ident(name)}`).join(', '),
    ...Object.fromEntries(
      ['t', 's', 'o', 'excluded'].map((alias) => [`${alias}.others`, of(alias, others)]),
    ),
    ...Object.fromEntries(
      ['t', 'excluded'].map((alias) => [`${alias}.latest`, latestOrder(model, alias).join(', ')]),
    ),
    ...Object.fromEntries([
      ...[sameKey('s', 't'), sameKey('s', 'o'), sameKey('t', 'k')],
      ...[sameKey('t', 'b'), sameKey('a', 'b')],
    ]),
  };
}

export function same(a: string, b: string, columns: readonly string[]): string {
  return columns.map((name) => `${a}.${ident(name)} = ${b}.${ident(name)}`).join(' and ');
}
