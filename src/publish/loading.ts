import { PERIOD_COLUMN, type Model } from '../model/model.ts';
import { columnList, columnsOf, ident, literal, tableOf } from '../postgres/tables.ts';

/**
 * How the staged rows of a model become visible, by its load: the one place that says, for every engine, what happens to
 * its table. Each statement is plain PostgreSQL for the transaction that also moves the watermark or clears the touched
 * days. What is additive is merged instead; see additive.ts.
 */
export interface Loading {
  /** Statements that make room: they run before the rows arrive. */
  readonly before: readonly string[];
  /** The table that the staged rows are copied to; none is a temporary one, which `after` merges from. */
  readonly into: string | undefined;
  readonly after: readonly string[];
}

/** Temporary tables that a publication reads; whoever publishes makes them first. */
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

/** Some dates as rows. */
export function dates(values: readonly string[]): string {
  return `unnest(array[${values.map(literal).join(', ')}]::date[])`;
}

/** The name of the temporary table that holds a model's staged rows. */
export function temporaryOf(model: Model): string {
  return `staged_${model.name}`;
}

/** What rows of a model are ranked by, the latest last. Text by its bytes, as engines rank it, whatever the collation. */
export function latestOrder(model: Model, alias: string): string[] {
  return model.latestBy.map((name) => {
    const isText = model.columns.some((column) => column.name === name && column.type === 'text');
    return `${alias}.${ident(name)}${isText ? ' collate "C"' : ''}`;
  });
}

/**
 * The statements that publish a model by its load.
 * @param reshape for a table that is made again from nothing: the statements that change it once it is empty
 */
export function loadingOf(model: Model, reshape?: readonly string[]): Loading {
  const table = tableOf(model);
  const staged = `pg_temp.${ident(temporaryOf(model))}`;
  const columns = columnsOf(model);
  const key = columnList(model.key);
  const others = model.columns
    .filter((column) => !model.key.includes(column.name))
    .map((column) => ident(column.name));
  const assignments = others.map((column) => `${column} = excluded.${column}`).join(', ');
  const insert = `insert into ${table} as t (${columns}) select ${columns} from ${staged}`;
  const row = (alias: string, names: readonly string[]): string =>
    `(${names.map((name) => `${alias}.${name}`).join(', ')})`;

  if (reshape !== undefined) {
    return { before: [`delete from ${table}`, ...reshape], into: table, after: [] };
  }
  switch (model.load) {
    case 'seed':
    case 'insert_new':
      return {
        before: [],
        into: undefined,
        after: [`${insert} on conflict (${key}) do nothing`],
      };
    case 'upsert':
      return {
        before: [],
        into: undefined,
        after: [
          `${insert} on conflict (${key}) do update set ${assignments}
           where ${row('t', others)} is distinct from ${row('excluded', others)}`,
        ],
      };
    case 'upsert_latest': {
      const order = (alias: string): string => `(${latestOrder(model, alias).join(', ')})`;
      return {
        before: [],
        into: undefined,
        after: [
          `${insert} on conflict (${key}) do update set ${assignments}
           where ${order('excluded')} > ${order('t')}`,
        ],
      };
    }
    case 'replace_transactions':
      return {
        before: [
          `delete from ${table} t using pg_temp.${REPLACED_KEYS} r where t.transaction_key = r.transaction_key`,
        ],
        into: table,
        after: [],
      };
    case 'replace_days':
    case 'replace_months': {
      const period = ident(PERIOD_COLUMN[model.load] ?? '');
      return {
        before: [
          `delete from ${table} t using pg_temp.${PUBLISHED_PERIODS[model.load]} p where t.${period} = p.${period}`,
        ],
        into: table,
        after: [],
      };
    }
    case 'replace_all': {
      const same = model.key
        .map((column) => `s.${ident(column)} = t.${ident(column)}`)
        .join(' and ');
      return {
        before: [],
        into: undefined,
        after: [
          `delete from ${table} t where not exists (select from ${staged} s where ${same})`,
          others.length === 0
            ? `${insert} on conflict (${key}) do nothing`
            : // Most rows are as they were: a join finds them sooner than a conflict each.
              `${insert} as s where not exists (
                   select from ${table} as o
                   where ${model.key.map((column) => `s.${ident(column)} = o.${ident(column)}`).join(' and ')}
                     and ${row('s', others)} is not distinct from ${row('o', others)}
               )
               on conflict (${key}) do update set ${assignments}`,
        ],
      };
    }
    case 'additive':
    case 'view':
      throw new Error(`${model.id} is not loaded by its rows`);
  }
}
