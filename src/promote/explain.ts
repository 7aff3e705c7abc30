import { stagedTable } from '../engine/engine.ts';
import type { Models } from '../model/load.ts';
import type { Load, Model } from '../model/model.ts';
import { publicationOf, restatementOf, restatementsOf, temporaryOf } from '../postgres/publish.ts';
import { createStatements, tableOf } from '../postgres/tables.ts';
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
      publication: statementsOf(model),
    }),
  );
}

/** Marts by day come before those by month, and both before those of all time; see SCOPES. */
function inPasses(gold: readonly Model[]): Model[] {
  return SCOPES.flatMap((scope) => gold.filter(({ load }) => load === scope));
}

function statementsOf(model: Model): string[] {
  switch (model.load) {
    case 'view':
      return createStatements(model).slice(0, 1);
    case 'seed':
      return [`insert into ${tableOf(model)} ${model.sql} on conflict do nothing`];
    default: {
      const publication = publicationOf(model);
      const target =
        publication.into === 'table' ? tableOf(model) : `pg_temp.${temporaryOf(model)}`;
      return [
        ...restatementOf(model),
        ...publication.before,
        `copy ${target} from ${stagedTable(model)}`,
        ...publication.after,
        ...restatementsOf(model, '$run_id'),
      ];
    }
  }
}
