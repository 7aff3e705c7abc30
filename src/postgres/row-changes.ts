import { isFilled, type Model } from '../model/model.ts';
import type { Client } from './client.ts';
import { columnList, ident, literal } from './quote.ts';
import { tableOf } from '../schema/tables.ts';
import { statement } from '../sql-file.ts';

/** What became of the rows of a table. A row that is written as it was is in none of these. */
export interface RowChanges {
  readonly new: number;
  readonly changed: number;
  readonly removed: number;
}

/** Which event a row of silver comes from, and by which run: an event that repeats another changes no more than that. */
const LINEAGE = ['produced_at', 'topic', 'partition', 'offset', 'run_id'];
/** Added to the columns of a table where its changes are noted. */
const GONE = 'medallion_gone';
const NUMBER = 'medallion_number';
const FUNCTION = 'pg_temp.medallion_note_changes';
const EVENTS = {
  insert: 'new table as new_rows',
  update: 'old table as old_rows new table as new_rows',
  delete: 'old table as old_rows',
} as const;

function notesOf(model: Model): string {
  return `pg_temp.${ident(noteName(model))}`;
}

function noteName({ layer, name }: Model): string {
  return `changes_${layer}_${name}`;
}

/**
 * Notes from now on every row that comes to or goes from the tables of some models, in temporary tables and by
 * triggers: for a transaction that is rolled back, and takes them along.
 */
export async function noteChanges(client: Client, models: readonly Model[]): Promise<void> {
  await client.query(statement('promote/note_changes', { function: FUNCTION }));
  for (const model of models.filter(isFilled)) {
    const added = `${GONE} boolean not null, ${NUMBER} bigint generated always as identity`;
    await client.query(
      `create temporary table ${ident(noteName(model))} (like ${tableOf(model)}, ${added})`,
    );
    for (const [event, rows] of Object.entries(EVENTS)) {
      await client.query(
        `create trigger medallion_note_${event} after ${event} on ${tableOf(model)}
         referencing ${rows} for each statement execute function ${FUNCTION}(${literal(noteName(model))})`,
      );
    }
  }
}

/** What all that was noted comes to, by the models' ids: a row that came and went again is no change. */
export async function countChanges(
  client: Client,
  models: readonly Model[],
): Promise<Map<string, RowChanges>> {
  const changes = new Map<string, RowChanges>();
  const filled = models.filter(isFilled);
  for (const model of filled) {
    const { rows } = await client.query<Record<keyof RowChanges, string>>(
      countingOf(model, filled),
    );
    const [row] = rows;
    changes.set(model.id, {
      new: Number(row?.new),
      changed: Number(row?.changed),
      removed: Number(row?.removed),
    });
  }
  return changes;
}

function countingOf(model: Model, models: readonly Model[]): string {
  const { from, identity } = identified(model, models);
  const values = model.columns
    .map(({ name }) => name)
    .filter(
      (name) =>
        !identity.includes(name) &&
        !model.key.includes(name) &&
        !(model.layer === 'silver' && LINEAGE.includes(name)),
    );
  const isOther = values
    .map((name) => `first.${ident(name)} is distinct from last.${ident(name)}`)
    .join(' or ');
  return statement('promote/count_changes', {
    ...{ identity: columnList(identity), columns: columnList([...identity, ...values]) },
    ...{ gone: GONE, number: NUMBER, notes: from, is_other: isOther === '' ? 'false' : isOther },
  });
}

/**
 * By which columns a row is the same as before. A corrected transaction gets a new surrogate key, and so do its lines:
 * they are known by the transaction's own id, which comes with them whenever they change.
 */
function identified(
  model: Model,
  models: readonly Model[],
): { readonly from: string; readonly identity: readonly string[] } {
  const parent = models.find(({ load, unique }) => load === model.load && unique.length > 0);
  if (model.load !== 'replace_transactions' || parent === undefined) {
    return { from: notesOf(model), identity: model.key };
  }
  if (model.id === parent.id) {
    return { from: notesOf(model), identity: model.unique };
  }
  const ids = columnList(['transaction_key', ...parent.unique]);
  return {
    from: `${notesOf(model)} join (select distinct ${ids} from ${notesOf(parent)}) as transactions using (transaction_key)`,
    identity: [...parent.unique, ...model.key.filter((name) => name !== 'transaction_key')],
  };
}
