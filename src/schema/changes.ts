import { runAll } from '../postgres/ask.ts';
import { MedallionError } from '../errors.ts';
import { isFact, type Model } from '../model/model.ts';
import type { Client } from '../postgres/client.ts';
import { withTransaction } from '../postgres/transaction.ts';
import { compareColumns, compareComments } from './columns.ts';
import { compareIndexes, compareKeys } from './keys.ts';
import { refuseForeign, renewRecord } from './objects.ts';
import { readShapes } from './shape.ts';
import { changeOf, type ChangeStep, type TableChange } from './table-change.ts';
import { createStatements, giveToSchemaOwner } from './tables.ts';
import { addReplacedViews, compareView, madeAgain } from './views.ts';

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
    const kind = model.load === 'view' ? 'view' : 'table';
    if (shape === undefined) {
      changes.push(changeOf(model, 'new table', kind, 'apply', createStatements(model)));
    } else if (kind !== shape.kind) {
      const detail = `a ${shape.kind} becomes a ${kind}`;
      changes.push(madeAgain(model, shape, 'kind', detail, 'refresh'));
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

/** Makes what the models lack in the database, so far as nothing is lost by it. */
export async function applyChanges(client: Client, changes: readonly TableChange[]): Promise<void> {
  await withTransaction(client, async () => {
    await renewRecord(client);
    await runAll(client, statementsOf(changes, 'apply'));
    const made = changes.filter(({ step }) => step === 'apply').map(({ model }) => model);
    await giveToSchemaOwner(client, [...new Set(made)]);
  });
}

const KEY_CHANGES: readonly TableChange['kind'][] = ['key', 'unique', 'new index'];

/** Builds the keys and indexes that tables lack by their models. */
export async function buildKeys(client: Client, models: readonly Model[]): Promise<void> {
  if (models.length === 0) {
    return;
  }
  const changes = (await compareTables(client, models)).filter(({ kind }) =>
    KEY_CHANGES.includes(kind),
  );
  await runAll(
    client,
    changes.flatMap(({ statements }) => statements),
  );
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
