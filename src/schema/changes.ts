import { codeOf, MedallionError } from '../errors.ts';
import { isFact, type Model, type ModelColumn } from '../model/model.ts';
import { withRollback, withTransaction } from '../postgres/transaction.ts';
import type { Client } from '../postgres/client.ts';
import { refuseForeign, renewRecord } from './objects.ts';
import { readShapes, type Shape } from './shape.ts';
import { columnList, ident } from '../postgres/quote.ts';
import {
  columnComment,
  createStatements,
  giveToSchemaOwner,
  indexStatement,
  tableComment,
  tableOf,
} from './tables.ts';

/**
 * How a change comes about.
 * - apply: by the next promotion, which loses nothing by it
 * - refresh: only where the model is made again on demand, because rows or columns that are there would be lost or wrong
 * - leave: never; it is somebody else's
 */
export type ChangeStep = 'apply' | 'refresh' | 'leave';

/** One difference between a model and its table. */
export interface TableChange {
  readonly model: Model;
  readonly kind:
    | 'new table'
    | 'new column'
    | 'removed column'
    | 'type'
    | 'null'
    | 'key'
    | 'unique'
    | 'new index'
    | 'other index'
    | 'comment'
    | 'view'
    | 'kind';
  /** What differs, for people. */
  readonly detail: string;
  readonly step: ChangeStep;
  /** Views that stand in the way. */
  readonly blockedBy: readonly string[];
  /** Run before those of any other change. */
  readonly before: readonly string[];
  /** Those of a refresh run when the table is empty. */
  readonly statements: readonly string[];
}

/**
 * How the tables in the database differ from the models, in the order of the models.
 * @param areFilled whether facts are without their keys for the time being, which is no difference then
 * @throws MedallionError config, when somebody else has made what stands under the name of a model
 */
export async function compareTables(
  client: Client,
  models: readonly Model[],
  areFilled = false,
): Promise<TableChange[]> {
  await refuseForeign(client, models);
  const shapes = await readShapes(client);
  const changes: TableChange[] = [];
  for (const model of models) {
    const shape = shapes.get(model.id);
    if (shape === undefined) {
      changes.push({
        ...{ model, kind: 'new table', detail: model.load === 'view' ? 'view' : 'table' },
        ...{ step: 'apply', blockedBy: [], before: [], statements: createStatements(model) },
      });
    } else if ((model.load === 'view') !== (shape.kind === 'view')) {
      changes.push({
        ...{ model, kind: 'kind', detail: `a ${shape.kind} becomes a ${kindOf(model)}` },
        ...{ step: 'refresh', blockedBy: [] },
        before: [`drop ${shape.kind} ${tableOf(model)}`],
        statements: [...createStatements(model), ...grantsOf(model, shape)],
      });
    } else if (shape.kind === 'view') {
      changes.push(...(await compareView(client, model, shape)), ...compareComments(model, shape));
    } else {
      changes.push(
        ...compareColumns(model, shape),
        ...(areFilled && isFact(model)
          ? []
          : [...compareKeys(model, shape), ...(await compareIndexes(client, model, shape))]),
        ...compareComments(model, shape),
      );
    }
  }
  return addReplacedViews(changes, models, shapes);
}

function kindOf(model: Model): Shape['kind'] {
  return model.load === 'view' ? 'view' : 'table';
}

function typeOf({ type }: ModelColumn): string {
  return type === 'timestamptz' ? 'timestamp with time zone' : type;
}

function compareColumns(model: Model, shape: Shape): TableChange[] {
  const table = tableOf(model);
  const had = new Map(shape.columns.map((column) => [column.name, column]));
  const wanted = new Set(model.columns.map(({ name }) => name));
  const change = (
    kind: TableChange['kind'],
    detail: string,
    step: ChangeStep,
    statements: string[],
    readers: readonly string[] = [],
  ): TableChange => ({ model, kind, detail, step, blockedBy: readers, before: [], statements });
  const removed = shape.columns
    .filter(({ name }) => !wanted.has(name))
    .map(({ name, type, readers }) =>
      change(
        ...(['removed column', `${name} ${type}`, 'refresh'] as const),
        [`alter table ${table} drop column ${ident(name)}`],
        readers,
      ),
    );
  const others = model.columns.flatMap((column) => {
    const { name, type, nullable } = column;
    const before = had.get(name);
    const alter = `alter table ${table} alter column ${ident(name)}`;
    if (before === undefined) {
      const detail = `${name} ${type}${nullable ? '' : ', which may not be null'}`;
      const statements = [...addStatements(model, column), columnComment(model, column)];
      const isLossless = nullable || column.backfill !== undefined;
      return [change('new column', detail, isLossless ? 'apply' : 'refresh', statements)];
    }
    const found: TableChange[] = [];
    if (before.type !== typeOf(column)) {
      const statement = `${alter} type ${type} using ${ident(name)}::text::${type}`;
      found.push(
        change(
          ...(['type', `${name} ${before.type} becomes ${typeOf(column)}`, 'refresh'] as const),
          [statement],
          before.readers,
        ),
      );
    }
    if (before.nullable !== nullable && !model.key.includes(name)) {
      found.push(
        nullable
          ? change('null', `${name} may be null`, 'apply', [`${alter} drop not null`])
          : change('null', `${name} may not be null`, 'refresh', [`${alter} set not null`]),
      );
    }
    return found;
  });
  return [...removed, ...others];
}

/** A literal is PostgreSQL's to fill in without writing the rows again. */
const LITERAL = /^(true|false|-?\d+(\.\d+)?|'[^']*')$/;

/** The statements that add a column, with what it holds in the rows that are there. */
function addStatements(model: Model, { name, type, nullable, backfill }: ModelColumn): string[] {
  const table = `alter table ${tableOf(model)}`;
  const add = `${table} add column ${ident(name)} ${type}`;
  const notNull = nullable ? '' : ' not null';
  if (backfill === undefined) {
    return [`${add}${notNull}`];
  }
  const column = `${table} alter column ${ident(name)}`;
  if (LITERAL.test(backfill)) {
    return [`${add}${notNull} default ${backfill}`, `${column} drop default`];
  }
  return [
    add,
    // Writes the table once, where an update would leave every row twice.
    `${column} type ${type} using ${backfill}`,
    ...(nullable ? [] : [`${column} set not null`]),
  ];
}

function compareKeys(model: Model, shape: Shape): TableChange[] {
  const table = tableOf(model);
  const changes: TableChange[] = [];
  const add = (kind: 'key' | 'unique', detail: string, statements: string[]): void => {
    changes.push({ model, kind, detail, step: 'refresh', blockedBy: [], before: [], statements });
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

async function compareIndexes(client: Client, model: Model, shape: Shape): Promise<TableChange[]> {
  const left = new Map(shape.indexes.map((index) => [index.definition.toLowerCase(), index]));
  const changes: TableChange[] = [];
  for (const index of model.indexes) {
    const plain = (/^using\b/i.test(index) ? index : `using btree ${index}`).toLowerCase();
    const definition = left.has(plain) ? plain : await definitionOf(client, model, index);
    if (!left.delete(definition)) {
      changes.push({
        ...{ model, kind: 'new index', detail: index, step: 'apply', blockedBy: [] },
        before: [],
        statements: [indexStatement(model, index)],
      });
    }
  }
  for (const { name, definition } of left.values()) {
    changes.push({
      ...{ model, kind: 'other index', detail: `${name} ${definition}`, step: 'leave' },
      ...{ blockedBy: [], before: [], statements: [] },
    });
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

async function compareView(client: Client, model: Model, shape: Shape): Promise<TableChange[]> {
  const described = (columns: readonly { name: string; type: string }[]): string[] =>
    columns.map(({ name, type }) => `${name} ${type}`);
  const had = described(shape.columns);
  const wanted = described(model.columns.map((column) => ({ ...column, type: typeOf(column) })));
  // PostgreSQL replaces a view in place as long as it keeps its columns; new ones come last.
  if (had.some((column, index) => column !== wanted[index])) {
    const detail = `columns (${had.join(', ')}) become (${wanted.join(', ')})`;
    return [replacedView(model, shape, detail)];
  }
  if (had.length === wanted.length && (await hasDefinition(client, model))) {
    return [];
  }
  return [
    {
      ...{ model, kind: 'view', detail: 'another definition', step: 'apply', blockedBy: [] },
      before: [],
      statements: createStatements(model),
    },
  ];
}

/** A view made again: it holds no rows to lose, but what others have made on it would go with it. */
function replacedView(
  model: Model,
  shape: Shape,
  detail: string,
  own: ReadonlySet<string> = new Set(),
): TableChange {
  const readers = new Set(shape.columns.flatMap((column) => column.readers));
  const blockedBy = [...readers].filter((reader) => !own.has(reader));
  return {
    ...{ model, kind: 'view', detail, step: 'apply', blockedBy },
    before: [`drop view ${tableOf(model)}`],
    statements: [...createStatements(model), ...grantsOf(model, shape)],
  };
}

/** The rights of what is dropped, so far as what comes in its place has the columns. */
function grantsOf(model: Model, shape: Shape): string[] {
  const names = new Set(model.columns.map(({ name }) => name));
  return shape.grants
    .filter(({ column }) => column === null || names.has(column))
    .map(({ statement }) => statement);
}

/** Whether the view in the database is what its model says, in PostgreSQL's own words. */
async function hasDefinition(client: Client, model: Model): Promise<boolean> {
  return withRollback(client, async () => {
    await client.query(`create temporary view medallion_probe as\n${model.sql}`);
    const { rows } = await client.query<{ same: string }>(
      `select (pg_get_viewdef('pg_temp.medallion_probe'::regclass) = pg_get_viewdef($1::regclass))::text as same`,
      [tableOf(model)],
    );
    return rows[0]?.same === 'true';
  }).catch((error: unknown) => {
    // It reads a table or column that is to be made before it.
    if (codeOf(error) === '42P01' || codeOf(error) === '42703') {
      return false;
    }
    throw error;
  });
}

function compareComments(model: Model, shape: Shape): TableChange[] {
  const table = tableComment(model);
  const comments = new Map(shape.columns.map(({ name, comment }) => [name, comment]));
  const columns = model.columns.filter(
    ({ name, description }) => comments.has(name) && comments.get(name) !== description,
  );
  const isOther = shape.comment !== table.text;
  if (!isOther && columns.length === 0) {
    return [];
  }
  return [
    {
      ...{ model, kind: 'comment', step: 'apply', blockedBy: [], before: [] },
      detail: [...(isOther ? [model.id] : []), ...columns.map(({ name }) => name)].join(', '),
      statements: [
        ...(isOther ? [table.statement] : []),
        ...columns.map((column) => columnComment(model, column)),
      ],
    },
  ];
}

/** Our own views on a table that is made again go before it and come back; nobody else's do. */
function addReplacedViews(
  changes: readonly TableChange[],
  models: readonly Model[],
  shapes: ReadonlyMap<string, Shape>,
): TableChange[] {
  const refreshed = new Set(
    changes.filter(({ step }) => step === 'refresh').map(({ model }) => model.id),
  );
  const dropped = new Set([
    ...refreshed,
    ...changes.filter(({ before }) => before.length > 0).map(({ model }) => model.id),
  ]);
  const views: Model[] = [];
  const isView = ({ load, id }: Model): boolean =>
    load === 'view' && shapes.get(id)?.kind === 'view';
  for (const model of models.filter(isView)) {
    if (dropped.has(model.id) || model.inputs.some((input) => dropped.has(input))) {
      dropped.add(model.id);
      views.push(model);
      if (model.inputs.some((input) => refreshed.has(input))) {
        refreshed.add(model.id);
      }
    }
  }
  const own = new Set(views.map(({ id }) => id));
  const rest = changes
    .filter(({ model }) => !own.has(model.id))
    .map((change) => ({
      ...change,
      blockedBy: change.blockedBy.filter((reader) => !own.has(reader)),
    }));
  // What a table gains comes with the rest, when the table is empty.
  const gathered = rest.map((change): TableChange =>
    change.step === 'apply' && refreshed.has(change.model.id)
      ? { ...change, step: 'refresh' }
      : change,
  );
  const replaced = views.flatMap((model): TableChange[] => {
    const shape = shapes.get(model.id);
    const change = changes.find(({ model: { id }, kind }) => id === model.id && kind === 'view');
    const reasons = model.inputs.filter((id) => dropped.has(id));
    const detail = change?.detail ?? `made again with ${reasons.join(', ')}`;
    return shape === undefined
      ? []
      : [
          {
            ...replacedView(model, shape, detail, own),
            step: refreshed.has(model.id) ? 'refresh' : 'apply',
          },
        ];
  });
  return [...gathered, ...replaced];
}

/** Makes what the models lack in the database, so far as nothing is lost by it. */
export async function applyChanges(client: Client, changes: readonly TableChange[]): Promise<void> {
  await withTransaction(client, async () => {
    await renewRecord(client);
    for (const statement of statementsOf(changes, 'apply')) {
      await client.query(statement);
    }
    const made = changes.filter(({ step }) => step === 'apply').map(({ model }) => model);
    await giveToSchemaOwner(client, [...new Set(made)]);
  });
}

/** Drops the keys and indexes that tables have by their models; what somebody else has made stays. */
export async function dropKeys(client: Client, models: readonly Model[]): Promise<void> {
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
    const statements = [
      ...constraints.map(
        ({ name }) => `alter table ${tableOf(model)} drop constraint ${ident(name)}`,
      ),
      ...indexes.map(({ name }) => `drop index ${name}`),
    ];
    for (const statement of statements) {
      await client.query(statement);
    }
  }
}

/** What a table without its keys and indexes lacks. */
const KEY_CHANGES: readonly TableChange['kind'][] = ['key', 'unique', 'new index'];

/** Builds the keys and indexes that tables lack by their models. */
export async function buildKeys(client: Client, models: readonly Model[]): Promise<void> {
  for (const { kind, statements } of await compareTables(client, models)) {
    for (const statement of KEY_CHANGES.includes(kind) ? statements : []) {
      await client.query(statement);
    }
  }
}

/** The statements that give emptied tables, and the views on them, the shape that their models ask for. */
export function schemaChangeStatements(changes: readonly TableChange[]): string[] {
  return statementsOf(changes, 'refresh');
}

/**
 * Makes the tables and views of all models, empty, in a warehouse that lacks them, so that whoever reads it finds them
 * before the first promotion. Where a table would have to change, too, or is somebody else's, it is left to the next
 * promotion, which says so.
 */
export async function makeTables(
  client: Client,
  readModels: () => readonly Model[],
): Promise<void> {
  try {
    const changes = await compareTables(client, readModels());
    if (changes.every(({ kind }) => kind === 'new table')) {
      await applyChanges(client, changes);
    }
  } catch (error) {
    if (!(error instanceof MedallionError)) {
      throw error;
    }
  }
}

function statementsOf(changes: readonly TableChange[], step: ChangeStep): string[] {
  const chosen = changes.filter((change) => change.step === step);
  return [
    // A view on a view goes before it.
    ...[...chosen].reverse().flatMap(({ before }) => before),
    ...chosen.flatMap(({ statements }) => statements),
  ];
}
