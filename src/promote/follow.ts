import type { RowFile } from '../engine/engine.ts';
import { isByDay, type Model } from '../model/model.ts';
import { temporary, type Publication } from '../postgres/publisher.ts';
import { tableOf } from '../schema/tables.ts';
import {
  deltaOver,
  deltaTable,
  fillStatement,
  mergeDelta,
  modelError,
  sourceOf,
  sourceRows,
  subtractStale,
} from '../publish/additive.ts';
import type { GoldOptions } from './run.ts';
import type { ModelTally } from './tally.ts';

type FollowOptions = Pick<GoldOptions, 'stale' | 'emptied'>;

/**
 * Brings an additive mart on: by what an engine has summed from facts, or by what has changed about the mart it reads,
 * which comes before it.
 * @param cells what an engine has summed; undefined over a mart
 * @throws MedallionError model, where its own SQL is wrong; check_failed, where its table does not fit
 */
export async function followMart(
  transaction: Publication,
  model: Model,
  cells: Promise<RowFile> | undefined,
  marts: readonly Model[],
  options: FollowOptions,
  tally: ModelTally,
): Promise<void> {
  await tally
    .time(model, async () => {
      const { name } = deltaTable(model);
      if (options.emptied.has(model.id)) {
        const written = await fill(transaction, model, await cells);
        tally.count(model, { read: written, written });
      } else {
        const source = sourceOf(model, marts);
        if (cells !== undefined) {
          await transaction.copyTemporary(await cells, name);
        } else if (source !== undefined) {
          await bringDelta(transaction, model, source, options);
        }
        await transaction.execute(
          ...(options.stale.length > 0 && isByDay(model) ? [subtractStale(model)] : []),
          `analyze ${temporary(name)}`,
        );
        tally.count(model, await mergeDelta(transaction, model));
      }
    })
    .catch((error: unknown) => {
      throw modelError(model, error);
    });
}

/** Fills the empty table of a mart; returns its rows. */
async function fill(
  transaction: Publication,
  model: Model,
  cells: RowFile | undefined,
): Promise<number> {
  if (cells === undefined) {
    return transaction.write(fillStatement(model, `(${model.sql}\n)`));
  }
  if (model.columns.every(({ derived }) => derived === undefined)) {
    return transaction.copy(cells, tableOf(model));
  }
  const { name } = deltaTable(model);
  await transaction.copyTemporary(cells, name);
  return transaction.write(fillStatement(model, temporary(name)));
}

async function bringDelta(
  transaction: Publication,
  model: Model,
  source: Model,
  { stale }: FollowOptions,
): Promise<void> {
  const rows = sourceRows(model, source, stale.length > 0);
  for (const { name, select } of rows) {
    await transaction.keepTemporary(name, select);
  }
  await transaction.keepTemporary(deltaTable(model).name, deltaOver(model, source, rows));
}
