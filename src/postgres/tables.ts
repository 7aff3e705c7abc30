import pg from 'pg';
import { MedallionError } from '../errors.ts';
import type { Model } from '../model/model.ts';
import { withTransaction, type Client } from './client.ts';

export const ident = (name: string): string => pg.escapeIdentifier(name);
export const literal = (text: string): string => pg.escapeLiteral(text);

/** schema.table, quoted. */
export function tableOf(model: Model): string {
  return `${ident(model.layer)}.${ident(model.name)}`;
}

export function columnList(columns: readonly string[]): string {
  return columns.map(ident).join(', ');
}

/** The names of all columns of a model, quoted. */
export function columnsOf(model: Model): string {
  return columnList(model.columns.map((column) => column.name));
}

/** The statements that make a model's table: columns, primary key, indexes, and a comment on it and on each column. */
function createStatements(model: Model): string[] {
  const table = tableOf(model);
  const kind = model.load === 'view' ? 'view' : 'table';
  const comment = (what: string, text: string): string => `comment on ${what} is ${literal(text)}`;
  const definition =
    kind === 'view'
      ? [`create or replace view ${table} as\n${model.sql}`]
      : [
          `create table ${table} (\n${[
            ...model.columns.map(
              ({ name, type, nullable }) =>
                `    ${ident(name)} ${type}${nullable ? '' : ' not null'}`,
            ),
            `    primary key (${columnList(model.key)})`,
            ...(model.unique.length === 0 ? [] : [`    unique (${columnList(model.unique)})`]),
          ].join(',\n')}\n)`,
          ...model.indexes.map((index) => `create index on ${table} ${index}`),
        ];
  return [
    ...definition,
    comment(`${kind} ${table}`, `${model.description}: ${model.grain}`),
    ...model.columns.map((column) =>
      comment(`column ${table}.${ident(column.name)}`, column.description),
    ),
  ];
}

/**
 * Makes the tables that the models describe and that are not there yet, in one transaction.
 * @param rebuild drop and make again what has other columns than its model; without it that is an error
 * @returns the models whose tables were made now: empty, and to be filled
 * @throws MedallionError model when a table has other columns than its model
 */
export async function ensureTables(
  client: Client,
  models: readonly Model[],
  rebuild: boolean,
): Promise<Model[]> {
  const existing = await existingColumns(client);
  const changed = models.filter((model) => {
    const columns = existing.get(model.id);
    return columns !== undefined && columns !== signature(model);
  });
  const tables = changed.filter((model) => model.load !== 'view');
  if (tables.length > 0 && !rebuild) {
    throw new MedallionError(
      'model',
      tables
        .map(
          (model) =>
            `${model.file}: ${model.id} in the database has other columns:\n${difference(model, existing)}`,
        )
        .join('\n'),
      { hint: 'medallion promote --full-refresh makes the table again from what lies below it.' },
    );
  }
  // A view's body cannot be compared with what PostgreSQL made of it, so a rebuild replaces every view.
  const missing = models.filter(
    (model) =>
      !existing.has(model.id) || changed.includes(model) || (rebuild && model.load === 'view'),
  );
  if (missing.length > 0) {
    await withTransaction(client, async () => {
      for (const model of [...changed].reverse()) {
        await client.query(
          `drop ${model.load === 'view' ? 'view' : 'table'} if exists ${tableOf(model)} cascade`,
        );
      }
      // What is dropped with cascade takes the views on it along. Those that read other views come after them.
      const made = models.filter(
        (model) => missing.includes(model) || (model.load === 'view' && changed.length > 0),
      );
      for (const statement of made.flatMap(createStatements)) {
        await client.query(statement);
      }
    });
  }
  return missing.filter((model) => model.load !== 'view');
}

/** "name type" of each column, in order, as PostgreSQL spells the types. */
async function existingColumns(client: Client): Promise<Map<string, string>> {
  const { rows } = await client.query<{ id: string; columns: string }>(
    `select n.nspname || '.' || c.relname as id,
            string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' order by a.attnum) as columns
     from pg_class c
     join pg_namespace n on n.oid = c.relnamespace
     join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where n.nspname in ('silver', 'gold') and c.relkind in ('r', 'v', 'p')
     group by 1`,
  );
  return new Map(rows.map((row) => [row.id, row.columns]));
}

function signature(model: Model): string {
  return model.columns
    .map(
      ({ name, type }) => `${name} ${type === 'timestamptz' ? 'timestamp with time zone' : type}`,
    )
    .join(', ');
}

function difference(model: Model, existing: ReadonlyMap<string, string>): string {
  return `  database: ${existing.get(model.id) ?? ''}\n  model:    ${signature(model)}`;
}
