import { isTrue } from '../postgres/ask.ts';
import { codeOf } from '../errors.ts';
import type { Model } from '../model/model.ts';
import type { Client } from '../postgres/client.ts';
import { withRollback } from '../postgres/transaction.ts';
import { typeOf } from './columns.ts';
import type { Shape } from './shape.ts';
import { changeOf, type ChangeStep, type TableChange } from './table-change.ts';
import { createStatements, tableOf } from './tables.ts';

export async function compareView(
  client: Client,
  model: Model,
  shape: Shape,
): Promise<TableChange[]> {
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
  return [changeOf(model, 'view', 'another definition', 'apply', createStatements(model))];
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
  return madeAgain(model, shape, 'view', detail, 'apply', blockedBy);
}

/** What takes the place of a view or table that is dropped, with the rights that it had. */
export function madeAgain(
  model: Model,
  shape: Shape,
  kind: 'view' | 'kind',
  detail: string,
  step: ChangeStep,
  blockedBy: readonly string[] = [],
): TableChange {
  const statements = [...createStatements(model), ...grantsOf(model, shape)];
  const before = [`drop ${shape.kind} ${tableOf(model)}`];
  return changeOf(model, kind, detail, step, statements, { blockedBy, before });
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
    return isTrue(
      client,
      `select pg_get_viewdef('pg_temp.medallion_probe'::regclass) = pg_get_viewdef($1::regclass)`,
      [tableOf(model)],
    );
  }).catch((error: unknown) => {
    // It reads a table or column that is to be made before it.
    if (codeOf(error) === '42P01' || codeOf(error) === '42703') {
      return false;
    }
    throw error;
  });
}

/** Our own views on a table that is made again go before it and come back; nobody else's do. */
export function addReplacedViews(
  changes: readonly TableChange[],
  models: readonly Model[],
  shapes: ReadonlyMap<string, Shape>,
): TableChange[] {
  const refreshed = new Set(
    changes.filter(({ step }) => step === 'refresh').map(({ model }) => model.id),
  );
  const dropped = new Set([
    ...refreshed,
    ...changes
      .filter(({ before, kind }) => before.length > 0 || kind === 'widened')
      .map(({ model }) => model.id),
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
    const step = refreshed.has(model.id) ? 'refresh' : 'apply';
    return shape === undefined ? [] : [{ ...replacedView(model, shape, detail, own), step }];
  });
  return [...gathered, ...replaced];
}
