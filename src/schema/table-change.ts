import type { Model } from '../model/model.ts';

/**
 * How a change comes about.
 * - apply: by the next promotion, which loses nothing by it
 * - refresh: only where the model is made again on demand, because rows or columns that are there would be lost or wrong
 * - leave: never; it is somebody else's
 */
export type ChangeStep = 'apply' | 'refresh' | 'leave';

export interface TableChange {
  readonly model: Model;
  readonly kind:
    | 'new table'
    | 'new column'
    | 'removed column'
    | 'type'
    | 'widened'
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

/** A change that nothing stands in the way of, unless `more` says so. */
export function changeOf(
  model: Model,
  kind: TableChange['kind'],
  detail: string,
  step: ChangeStep,
  statements: readonly string[],
  more: Partial<Pick<TableChange, 'blockedBy' | 'before'>> = {},
): TableChange {
  return { model, kind, detail, step, blockedBy: [], before: [], statements, ...more };
}
