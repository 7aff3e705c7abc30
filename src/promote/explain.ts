import { stagedTable } from '../engine/engine.ts';
import type { Models } from '../model/load.ts';
import type { Load, Model } from '../model/model.ts';
import {
  cellsAfter,
  cellsBefore,
  deltaOver,
  deltaTable,
  mergeStatements,
  sourceOf,
  sourceRows,
} from '../publish/additive.ts';
import { loadingOf, temporaryOf } from '../publish/loading.ts';
import { PUBLISHED_BEFORE, publishedBefore, restatementsOf } from '../publish/restatements.ts';
import { temporary } from '../postgres/publisher.ts';
import { createStatements, tableOf } from '../schema/tables.ts';
import { SCOPES } from './inputs.ts';

/** What a promotion does with one model, without doing it. */
export interface Explanation {
  /** Place in the order of a promotion, from 1. */
  readonly place: number;
  readonly model: string;
  readonly file: string;
  readonly load: Load;
  readonly key: readonly string[];
  /** What its select reads: models, and source.* of the step from JSON to rows (sql/source). */
  readonly inputs: readonly string[];
  /** The select. DuckDB runs it; that of a seed or a view PostgreSQL. */
  readonly sql: string;
  /** The statements that make its rows visible, in order; what DuckDB copies stands as a copy. */
  readonly publication: readonly string[];
}

/** The models in the order in which a promotion works on them, each with its SQL and how its rows are published. */
export function explain(
  { silver, gold }: Models,
  layers: { readonly silver: boolean; readonly gold: boolean },
): Explanation[] {
  return [...(layers.silver ? silver : []), ...(layers.gold ? inPasses(gold) : [])].map(
    (model, index) => ({
      ...{ place: index + 1, model: model.id, file: model.file, load: model.load },
      ...{ key: model.key, inputs: model.inputs, sql: model.sql },
      publication: statementsOf(model, gold),
    }),
  );
}

/** Additive marts come first, then those by day, by month and of all time; see SCOPES. */
function inPasses(gold: readonly Model[]): Model[] {
  return (['additive', ...SCOPES] as const).flatMap((kind) =>
    gold.filter(({ load }) => load === kind),
  );
}

function statementsOf(model: Model, marts: readonly Model[]): string[] {
  switch (model.load) {
    case 'view':
      return createStatements(model).slice(0, 1);
    case 'seed':
      return [`insert into ${tableOf(model)} ${model.sql} on conflict do nothing`];
    default: {
      const before = publishedBefore(model);
      return [
        ...(before === undefined ? [] : [temporaryTable(PUBLISHED_BEFORE, before)]),
        ...(model.load === 'additive' ? mergeOf(model, marts) : loadOf(model)),
        ...restatementsOf(model, '$run_id'),
      ];
    }
  }
}

function loadOf(model: Model): string[] {
  const { before, into, after } = loadingOf(model);
  const target = into ?? temporary(temporaryOf(model));
  return [...before, `copy ${target} from ${stagedTable(model)}`, ...after];
}

function mergeOf(model: Model, marts: readonly Model[]): string[] {
  const { name } = deltaTable(model);
  const source = sourceOf(model, marts);
  const rows = source === undefined ? [] : sourceRows(model, source, false);
  const delta =
    source === undefined
      ? [`copy ${temporary(name)} from staged.${name}`]
      : [
          ...rows.map((each) => temporaryTable(each.name, each.select)),
          temporaryTable(name, deltaOver(model, source, rows)),
        ];
  return [
    ...delta,
    ...[cellsBefore(model), cellsAfter(model)].map((cells) =>
      temporaryTable(cells.name, cells.select),
    ),
    ...mergeStatements(model),
  ];
}

function temporaryTable(name: string, select: string): string {
  return `create temporary table ${name} on commit drop as ${select}`;
}
