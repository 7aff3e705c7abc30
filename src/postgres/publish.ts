import type { Model } from '../model/model.ts';
import { PERIOD_COLUMN } from '../model/model.ts';
import { columnList, columnsOf, ident, literal, tableOf } from './tables.ts';

/**
 * How staged rows become visible: the one place that says, for every engine, what happens to a model's table.
 * Each statement is plain PostgreSQL for the transaction that also moves the watermark or clears the touched days.
 */
export interface Publication {
  /** Statements that make room: they run before the rows arrive. */
  readonly before: readonly string[];
  /** Where the engine copies the staged rows to: the table itself, or a temporary one that `after` merges from. */
  readonly into: 'table' | 'temporary';
  readonly after: readonly string[];
}

/** Temporary tables that a publication reads; whoever publishes makes them first. */
export const REPLACED_KEYS = 'replaced_keys';
export const PUBLISHED_PERIODS = {
  replace_days: 'published_days',
  replace_months: 'published_months',
} as const;

/**
 * The statements that make one of PUBLISHED_PERIODS.
 * @param periods the first day of each
 */
export function publishedPeriods(
  load: keyof typeof PUBLISHED_PERIODS,
  periods: readonly string[],
): string[] {
  const table = PUBLISHED_PERIODS[load];
  return [
    `create temporary table ${table} on commit drop as
     select unnest(array[${periods.map(literal).join(', ')}]::date[]) as ${PERIOD_COLUMN[load] ?? ''}`,
    `analyze pg_temp.${table}`,
  ];
}

/** The name of the temporary table that holds a model's staged rows. */
export function temporaryOf(model: Model): string {
  return `staged_${model.name}`;
}

/**
 * The statements that publish a model by its load.
 * @param reshape for a table that is made again: the statements that change it once it is empty
 */
export function publicationOf(model: Model, reshape?: readonly string[]): Publication {
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
    // Not copied into the table itself, of which an engine may know the shape it had.
    return { before: [`delete from ${table}`, ...reshape], into: 'temporary', after: [insert] };
  }
  switch (model.load) {
    case 'seed':
    case 'insert_new':
      return {
        before: [],
        into: 'temporary',
        after: [`${insert} on conflict (${key}) do nothing`],
      };
    case 'upsert':
      return {
        before: [],
        into: 'temporary',
        after: [
          `${insert} on conflict (${key}) do update set ${assignments}
           where ${row('t', others)} is distinct from ${row('excluded', others)}`,
        ],
      };
    case 'upsert_latest': {
      // Text is compared by its bytes, as the engine ranks it, whatever the database's collation.
      const order = (alias: string): string =>
        `(${model.latestBy
          .map((name) => {
            const isText = model.columns.some(
              (column) => column.name === name && column.type === 'text',
            );
            return `${alias}.${ident(name)}${isText ? ' collate "C"' : ''}`;
          })
          .join(', ')})`;
      return {
        before: [],
        into: 'temporary',
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
        into: 'table',
        after: [],
      };
    case 'replace_days':
    case 'replace_months': {
      const period = ident(PERIOD_COLUMN[model.load] ?? '');
      return {
        before: [
          `delete from ${table} t using pg_temp.${PUBLISHED_PERIODS[model.load]} p where t.${period} = p.${period}`,
        ],
        into: 'table',
        after: [],
      };
    }
    case 'replace_all': {
      const same = model.key
        .map((column) => `s.${ident(column)} = t.${ident(column)}`)
        .join(' and ');
      return {
        before: [],
        into: 'temporary',
        after: [
          `delete from ${table} t where not exists (select from ${staged} s where ${same})`,
          others.length === 0
            ? `${insert} on conflict (${key}) do nothing`
            : `${insert} on conflict (${key}) do update set ${assignments}
               where ${row('t', others)} is distinct from ${row('excluded', others)}`,
        ],
      };
    }
    case 'view':
      return { before: [], into: 'table', after: [] };
  }
}

/**
 * Remembers the old figures of the days about to be replaced; see `restatementsOf`. Runs before anything of the model. A day that was published once and
 * vanished by a correction stands at nothing.
 */
export function restatementOf(model: Model): string[] {
  if (model.restatements === undefined) {
    return [];
  }
  const { orders, total } = model.restatements;
  return [
    `create temporary table published_before on commit drop as
     select p.date_key, coalesce(t.${ident(orders)}, 0) as orders, coalesce(t.${ident(total)}, 0) as total
     from pg_temp.${PUBLISHED_PERIODS.replace_days} p
     left join ${tableOf(model)} t on t.date_key = p.date_key
     where t.date_key is not null
        or exists (select from gold.restatements r where r.date_key = p.date_key)`,
  ];
}

/**
 * Books the days that had been published before and now say something else, with the events that changed them. Runs
 * after the new rows are in, and before the touched days are cleared.
 */
export function restatementsOf(model: Model, runId: bigint | '$run_id'): string[] {
  if (model.restatements === undefined) {
    return [];
  }
  const { orders, total } = model.restatements;
  return [
    `insert into gold.restatements (date_key, run_id, old_orders, new_orders, old_total, new_total, late_events)
     select b.date_key, ${String(runId)}, b.orders, coalesce(t.${ident(orders)}, 0), b.total, coalesce(t.${ident(total)}, 0),
            coalesce(d.events, 0)
     from pg_temp.published_before b
     left join ${tableOf(model)} t on t.date_key = b.date_key
     left join medallion.touched_days d on d.date_key = b.date_key
     where (b.orders, b.total) is distinct from (coalesce(t.${ident(orders)}, 0), coalesce(t.${ident(total)}, 0))
     on conflict (date_key, run_id) do nothing`,
  ];
}
