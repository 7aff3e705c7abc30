import { runAll } from '../postgres/ask.ts';
import type { Model } from '../model/model.ts';
import type { Client } from '../postgres/client.ts';
import { columnList, ident } from '../postgres/quote.ts';
import { withRollback } from '../postgres/transaction.ts';
import { readShapes, type Shape } from './shape.ts';
import { changeOf, type TableChange } from './table-change.ts';
import { indexStatement, tableOf } from './tables.ts';

/** How the primary key and the unique constraint of a table differ from those of its model. */
export function compareKeys(model: Model, shape: Shape): TableChange[] {
  const table = tableOf(model);
  const changes: TableChange[] = [];
  const add = (kind: 'key' | 'unique', detail: string, statements: string[]): void => {
    changes.push(changeOf(model, kind, detail, 'refresh', statements));
  };
  const drop = (name: string): string =>
    `alter table ${table} drop constraint if exists ${ident(name)}`;
  const same = (left: readonly string[], right: readonly string[]): boolean =>
    left.join('\0') === right.join('\0');
  if (!same(shape.key?.columns ?? [], model.key)) {
    add('key', `(${shape.key?.columns.join(', ') ?? ''}) becomes (${model.key.join(', ')})`, [
      ...(shape.key === null ? [] : [drop(shape.key.name)]),
      `alter table ${table} add primary key (${columnList(model.key)})`,
    ]);
  }
  // Constraints of another name than PostgreSQL gives by itself are somebody else's.
  for (const { name, columns } of shape.unique) {
    if (!same(columns, model.unique) && name === `${model.name}_${columns.join('_')}_key`) {
      add('unique', `(${columns.join(', ')}) no longer`, [drop(name)]);
    }
  }
  if (model.unique.length > 0 && !shape.unique.some(({ columns }) => same(columns, model.unique))) {
    const statement = `alter table ${table} add unique (${columnList(model.unique)})`;
    add('unique', `(${model.unique.join(', ')})`, [statement]);
  }
  return changes;
}

/** Which indexes of its model a table lacks, and which others it has. */
export async function compareIndexes(
  client: Client,
  model: Model,
  shape: Shape,
): Promise<TableChange[]> {
  const left = new Map(shape.indexes.map((index) => [index.definition.toLowerCase(), index]));
  const changes: TableChange[] = [];
  for (const index of model.indexes) {
    const plain = (/^using\b/i.test(index) ? index : `using btree ${index}`).toLowerCase();
    const definition = left.has(plain) ? plain : await definitionOf(client, model, index);
    if (!left.delete(definition)) {
      changes.push(changeOf(model, 'new index', index, 'apply', [indexStatement(model, index)]));
    }
  }
  for (const { name, definition } of left.values()) {
    changes.push(changeOf(model, 'other index', `${name} ${definition}`, 'leave', []));
  }
  return changes;
}

/** An index definition as PostgreSQL writes it, from an index on an empty table that is there for a moment only. */
async function definitionOf(client: Client, model: Model, index: string): Promise<string> {
  return withRollback(client, async () => {
    await client.query(
      `create temporary table medallion_probe (${model.columns.map(({ name, type }) => `${ident(name)} ${type}`).join(', ')})`,
    );
    await client.query(`create index medallion_probe_index on pg_temp.medallion_probe ${index}`);
    const { rows } = await client.query<{ definition: string }>(
      `select pg_get_indexdef('pg_temp.medallion_probe_index'::regclass) as definition`,
    );
    return (rows[0]?.definition ?? '').replace(/^.*? ON .*? USING /, 'using ').toLowerCase();
  });
}

/** Drops the keys and indexes that tables have by their models; what somebody else has made stays. */
export async function dropKeys(client: Client, models: readonly Model[]): Promise<void> {
  if (models.length === 0) {
    return;
  }
  const shapes = await readShapes(client);
  for (const model of models) {
    const shape = shapes.get(model.id);
    if (shape === undefined) {
      continue;
    }
    const others = (await compareIndexes(client, model, shape))
      .filter(({ kind }) => kind === 'other index')
      .map(({ detail }) => detail);
    const indexes = shape.indexes.filter(
      ({ name, definition }) => !others.includes(`${name} ${definition}`),
    );
    const constraints = [
      ...(shape.key === null ? [] : [shape.key]),
      ...shape.unique.filter(({ columns }) => columns.join() === model.unique.join()),
    ];
    await runAll(client, [
      ...constraints.map(
        ({ name }) => `alter table ${tableOf(model)} drop constraint ${ident(name)}`,
      ),
      ...indexes.map(({ name }) => `drop index ${name}`),
    ]);
  }
}
