import type { Lane } from '../engine/engine.ts';
import { isByDay, type Model } from '../model/model.ts';
import { temporary, type Publication } from '../postgres/session.ts';
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
import type { GoldOptions } from './gold.ts';
import type { ModelTally } from './tally.ts';

type FollowOptions = Pick<GoldOptions, 'deltas' | 'left' | 'stale' | 'emptied'>;

/**
 * Brings an additive mart on: by what an engine has summed from facts, or by what has changed about the mart it reads,
 * which comes before it.
 * @throws MedallionError model, where its own SQL is wrong; check_failed, where its table does not fit
 */
export async function followMart(
  transaction: Publication,
  lane: Lane,
  model: Model,
  marts: readonly Model[],
  options: FollowOptions,
  tally: ModelTally,
): Promise<void> {
  const source = sourceOf(model, marts);
  const { deltas, left, emptied } = options;
  await tally
    .time(model, async () => {
      const { name } = deltaTable(model);
      if (source === undefined) {
        await transaction.copyTemporary(await deltas.write(lane, model, left), name);
      }
      if (emptied.has(model.id)) {
        const rows = source === undefined ? temporary(name) : `(${model.sql}\n)`;
        const written = await transaction.write(fillStatement(model, rows));
        tally.count(model, { read: written, written });
      } else {
        if (source !== undefined) {
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
