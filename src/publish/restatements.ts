import type { Model } from '../model/model.ts';
import { ident } from '../postgres/quote.ts';
import { statement, statements } from '../sql-file.ts';
import { tableOf } from '../schema/tables.ts';

/** The temporary table of the figures that `publishedBefore` selects. */
export const PUBLISHED_BEFORE = 'published_before';

/**
 * The old figures of the days about to be replaced, if the model restates them; see `restatementsOf`. A day that was
 * published once and vanished by a correction stands at nothing.
 */
export function publishedBefore(model: Model): string | undefined {
  if (model.restatements === undefined) {
    return undefined;
  }
  return statement('publish/published_before', valuesOf(model, model.restatements));
}

/**
 * Records the days that had been published before and now say something else, with the events that changed them, and
 * that the days are published. Runs after the new rows are in, and before the stale dates are cleared.
 */
export function restatementsOf(model: Model, runId: bigint | '$run_id'): string[] {
  if (model.restatements === undefined) {
    return [];
  }
  return statements('publish/restatements', {
    ...valuesOf(model, model.restatements),
    run_id: String(runId),
  });
}

function valuesOf(
  model: Model,
  { orders, total }: NonNullable<Model['restatements']>,
): Record<string, string> {
  return { table: tableOf(model), orders: ident(orders), total: ident(total) };
}
