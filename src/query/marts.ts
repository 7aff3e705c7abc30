import { PERIOD_COLUMN, type Model } from '../model/model.ts';
import type { Client } from '../postgres/client.ts';
import type { ResultTable } from '../postgres/query.ts';
import { columnList, ident, literal } from '../postgres/quote.ts';
import { tableOf } from '../schema/tables.ts';
import { askSql } from './ask.ts';
import { statement } from '../sql-file.ts';

/** What a transaction moves in gold: a row for each cell, with its key and what it holds now. */
export interface Cells {
  readonly table: ResultTable;
  /** Marts with a column in their key that no transaction and no line tells. */
  readonly untraced: readonly string[];
}

const FACTS = 'silver.fact_transactions';
const LINES = 'silver.fact_transaction_items';

/** Finds the rows of every mart that a transaction of a type counts in, each by the mart's primary key. */
export async function cellsOf(
  client: Client,
  models: { readonly silver: readonly Model[]; readonly gold: readonly Model[] },
  transactionId: string,
  eventType: string,
): Promise<Cells> {
  const { rows: made } = await client.query<{ name: string }>(
    `select name from medallion.schema_objects where schema_name = 'gold' and is_own`,
  );
  const columns = (id: string): string[] =>
    models.silver.find((model) => model.id === id)?.columns.map(({ name }) => name) ?? [];
  const queries: string[] = [];
  const untraced: string[] = [];
  const counting = models.gold.filter(
    (mart) =>
      made.some(({ name }) => name === mart.name) && countsType(mart, eventType, models.gold),
  );
  for (const mart of counting) {
    const query = cellQuery(mart, columns(FACTS), columns(LINES));
    if (query === undefined) {
      untraced.push(mart.id);
    } else {
      queries.push(query);
    }
  }
  if (queries.length === 0) {
    return { table: { columns: [], rows: [] }, untraced };
  }
  return { table: await askSql(client, queries.join('\nunion all\n'), [transactionId]), untraced };
}

/** Whether a mart takes events of a type: as its header says, else as any mart that it reads does. */
function countsType(mart: Model, eventType: string, marts: readonly Model[]): boolean {
  if (mart.event_types.length > 0) {
    return mart.event_types.includes(eventType);
  }
  const below = marts.filter(({ id }) => mart.sources.includes(id) && id !== mart.id);
  return below.length === 0 || below.some((source) => countsType(source, eventType, marts));
}

function cellQuery(
  mart: Model,
  facts: readonly string[],
  lines: readonly string[],
): string | undefined {
  const parts = mart.key.map((column) => ({ column, source: sourceOf(column, facts, lines) }));
  if (parts.some(({ source }) => source === undefined)) {
    return undefined;
  }
  const wanted = parts.map(({ column, source }) => `${source ?? ''} as ${ident(column)}`);
  const isByLine = parts.some(({ source }) => source?.startsWith('l.'));
  const figures = mart.columns.map(({ name }) => name).filter((name) => !mart.key.includes(name));
  const object = (names: readonly string[]): string =>
    `json_build_object(${names.map((name) => `${literal(name)}, m.${ident(name)}`).join(', ')})`;
  return statement('query/trace_cells', {
    ...{ mart: literal(mart.id), key: object(mart.key), figures: object(figures) },
    ...{ wanted: wanted.join(', '), table: tableOf(mart), key_columns: columnList(mart.key) },
    facts: `${FACTS} as t${isByLine ? ` inner join ${LINES} as l using (transaction_key)` : ''}`,
    in_order: mart.key.map((column) => `m.${ident(column)}`).join(', '),
  });
}

/**
 * What of a transaction (t) or its lines (l) a mart means by a column of its key: the column of that name, or the only
 * one that ends in it, as customer_city does in city.
 */
function sourceOf(
  column: string,
  facts: readonly string[],
  lines: readonly string[],
): string | undefined {
  if (column === PERIOD_COLUMN.replace_months) {
    return `date_trunc('month', t.date_key)::date`;
  }
  const [named, ...others] = facts.includes(column)
    ? [column]
    : facts.filter((name) => name.endsWith(`_${column}`));
  if (named !== undefined && others.length === 0) {
    return `t.${ident(named)}`;
  }
  return lines.includes(column) ? `l.${ident(column)}` : undefined;
}
