import { affectsRows, runAll } from '../postgres/ask.ts';
import { isFilled, type Model, type ModelColumn } from '../model/model.ts';
import type { Client } from '../postgres/client.ts';
import { columnList, ident, literal } from '../postgres/quote.ts';
import { sqlFile } from '../sql-file.ts';

/** schema.table, quoted. */
export function tableOf(model: Model): string {
  return `${ident(model.layer)}.${ident(model.name)}`;
}

/** The names of all columns of a model, quoted. */
export function columnsOf(model: Model): string {
  return columnList(model.columns.map((column) => column.name));
}

/** What a table or column is told to be; see the header of its model. */
export function tableComment(model: Model): { readonly text: string; readonly statement: string } {
  const text = `${model.description}: ${model.grain}`;
  const kind = model.load === 'view' ? 'view' : 'table';
  return { text, statement: `comment on ${kind} ${tableOf(model)} is ${literal(text)}` };
}

export function columnComment(model: Model, { name, description }: ModelColumn): string {
  return `comment on column ${tableOf(model)}.${ident(name)} is ${literal(description)}`;
}

export function indexStatement(model: Model, index: string): string {
  return `create index on ${tableOf(model)} ${index}`;
}

/**
 * The statements that make a model's table: columns, primary key, indexes, and a comment on it and on each column; the
 * record that medallion has made it, and that a mart waits for its rows. A seed has its rows with its table.
 */
export function createStatements(model: Model): string[] {
  const table = tableOf(model);
  const parts = [
    ...model.columns.map(
      ({ name, type, nullable }) => `${ident(name)} ${type}${nullable ? '' : ' not null'}`,
    ),
    `primary key (${columnList(model.key)})`,
    ...(model.unique.length === 0 ? [] : [`unique (${columnList(model.unique)})`]),
  ];
  const definition =
    model.load === 'view'
      ? [`create or replace view ${table} as\n${model.sql}`]
      : [
          `create table ${table} (\n${parts.map((part) => `    ${part}`).join(',\n')}\n)`,
          ...model.indexes.map((index) => indexStatement(model, index)),
        ];
  return [
    ...definition,
    tableComment(model).statement,
    ...model.columns.map((column) => columnComment(model, column)),
    `select medallion.record_object(${literal(model.layer)}, ${literal(model.name)})`,
    ...firstRows(model),
  ];
}

function firstRows(model: Model): string[] {
  if (model.load === 'seed') {
    // Plain rows of literals, so PostgreSQL runs the select itself.
    return [`insert into ${tableOf(model)} ${model.sql}`];
  }
  return model.layer === 'gold' && isFilled(model)
    ? [
        `insert into medallion.unfilled_marts (model) values (${literal(model.id)}) on conflict do nothing`,
      ]
    : [];
}

/** Whether rows that come into one of these tables set off somebody's triggers. */
export async function haveTriggers(client: Client, tables: readonly string[]): Promise<boolean> {
  return affectsRows(
    client,
    `select from pg_trigger
     where tgrelid = any($1::text[]::regclass[]) and not tgisinternal and tgenabled <> 'D' limit 1`,
    [tables],
  );
}

/** Whoever makes a table, it belongs to the owner of its schema: each who may act for that one can make it again. */
export async function giveToSchemaOwner(client: Client, models: readonly Model[]): Promise<void> {
  const { rows } = await client.query<{ statement: string }>(sqlFile('schema/owners'), [
    models.map((model) => model.id),
  ]);
  await runAll(
    client,
    rows.map(({ statement }) => statement),
  );
}
