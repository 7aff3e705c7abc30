import type { Input } from '../engine/engine.ts';
import { MedallionError } from '../errors.ts';
import { isByDay, PERIOD_COLUMN, type Load, type Model } from '../model/model.ts';
import { columnList, literal } from '../postgres/quote.ts';
import { tableOf } from '../schema/tables.ts';
import { keyCondition, monthOf } from './days.ts';

/** Marts are computed by what they replace, smallest first; a mart may read those of its own scope and before. */
export const SCOPES = [
  'replace_days',
  'replace_months',
  'replace_all',
] as const satisfies readonly Load[];
export type Scope = (typeof SCOPES)[number];

/** What one pass over some days needs: which days, and whether the inputs are worth keeping. */
export interface Pass {
  readonly scope: Scope;
  readonly models: readonly Model[];
  /** Days of facts that the models read in this pass; undefined reads no facts at all. */
  readonly days: readonly string[] | undefined;
}

export class GoldInputs {
  readonly #models: ReadonlyMap<string, Model>;
  readonly #days: readonly string[];
  readonly #staged: ReadonlySet<string>;
  readonly #remade: ReadonlySet<string>;

  /**
   * @param staged marts whose rows this run stages; others are read as they are
   * @param remade marts whose tables are made again: what they hold is not read any more
   */
  constructor(
    models: readonly Model[],
    days: readonly string[],
    staged: ReadonlySet<string>,
    remade: ReadonlySet<string>,
  ) {
    this.#models = new Map(models.map((model) => [model.id, model]));
    this.#days = days;
    this.#staged = staged;
    this.#remade = remade;
  }

  /** The inputs of some models, each once. */
  of(models: readonly Model[]): string[] {
    return [...new Set(models.flatMap(({ inputs }) => inputs))];
  }

  input(id: string, pass: Pass): Input {
    const model = this.#models.get(id);
    if (model === undefined) {
      throw new MedallionError('model', `there is no model ${id}`);
    }
    const readers = pass.models.filter(({ inputs }) => inputs.includes(id));
    if (model.layer === 'gold') {
      return this.#mart(model, pass);
    }
    const columns = columnList(neededColumns(model, readers));
    const rows = `select ${columns} from ${tableOf(model)}`;
    const days =
      model.window === undefined || pass.days === undefined
        ? ''
        : ` where ${keyCondition(pass.days)}`;
    return { id, sql: `${rows}${days}`, keep: readers.length > 1 };
  }

  /** A mart that another one reads: the rows staged now, and those that this run leaves in the warehouse. */
  #mart(model: Model, pass: Pass): Input {
    const period = PERIOD_COLUMN[model.load];
    const columns = columnList(model.columns.map(({ name }) => name));
    const rows = `select ${columns} from ${tableOf(model)}`;
    if (!this.#staged.has(model.id)) {
      const days =
        pass.days === undefined || !isByDay(model)
          ? ''
          : ` where date_key = any (array[${pass.days.map(literal).join(', ')}]::date[])`;
      return { id: model.id, sql: `${rows}${days}`, keep: false };
    }
    if (pass.scope === model.load || period === undefined || this.#remade.has(model.id)) {
      return { id: model.id, staged: model, keep: false };
    }
    const replaced = [
      ...new Set(model.load === 'replace_months' ? this.#days.map(monthOf) : this.#days),
    ];
    const others = `${period} <> all (array[${replaced.map(literal).join(', ')}]::date[])`;
    const within =
      pass.days === undefined
        ? ''
        : ` and ${period} = any (array[${pass.days.map(literal).join(', ')}]::date[])`;
    return {
      id: model.id,
      sql: `${rows} where ${others}${within}`,
      staged: model,
      keep: false,
    };
  }
}

/** How a mart is loaded; it reads those of its own kind and of those before. */
const LOADS: readonly Load[] = ['additive', ...SCOPES];

/**
 * Whether each mart reads only marts that are computed before it.
 * @throws MedallionError model
 */
export function checkScopes(models: readonly Model[]): void {
  const rank = (model: Model): number => LOADS.indexOf(model.load);
  for (const model of models) {
    if (rank(model) < 0) {
      throw new MedallionError(
        'model',
        `${model.file}: a mart is loaded by ${LOADS.join(', ')}, not ${model.load}`,
      );
    }
    for (const input of models.filter(({ id }) => model.inputs.includes(id))) {
      if (rank(input) > rank(model)) {
        throw new MedallionError(
          'model',
          `${model.file}: loaded by ${model.load} it cannot read ${input.id}, which is loaded by ${input.load}`,
        );
      }
    }
  }
}

/**
 * The columns of an input that the readers name anywhere in their SQL: too many now and then, never too few
 * (`select *` asks for all). A view leaves out a join whose columns nobody asks for.
 */
function neededColumns(input: Model, readers: readonly Model[]): string[] {
  const names = input.columns.map(({ name }) => name);
  const words = new Set(readers.flatMap(({ sql }) => sql.match(/[a-z_][a-z0-9_]*/g) ?? []));
  const needed = names.filter((name) => words.has(name));
  return needed.length === 0 ? names : needed;
}
