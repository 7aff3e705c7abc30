import type { Input } from '../engine/engine.ts';
import { MedallionError } from '../errors.ts';
import { isByDay, PERIOD_COLUMN, type Load, type Model } from '../model/model.ts';
import { columnList, literal } from '../postgres/quote.ts';
import { columnsOf, tableOf } from '../schema/tables.ts';
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

/** What decides where the rows of inputs come from. */
export interface InputRun {
  /** By their ids. */
  readonly models: ReadonlyMap<string, Model>;
  readonly days: readonly string[];
  /** Ids of marts whose rows this run stages; others are read as they are. */
  readonly staged: ReadonlySet<string>;
  /** Ids of marts whose tables are made again: what they hold is not read any more. */
  readonly remade: { has(id: string): boolean };
}

/** The inputs of some models, each once. */
export function inputsOf(models: readonly Model[]): string[] {
  return [...new Set(models.flatMap(({ inputs }) => inputs))];
}

export function inputFor(id: string, pass: Pass, run: InputRun): Input {
  const model = run.models.get(id);
  if (model === undefined) {
    throw new MedallionError('model', `there is no model ${id}`);
  }
  if (model.layer === 'gold') {
    return martInput(model, pass, run);
  }
  const readers = pass.models.filter(({ inputs }) => inputs.includes(id));
  const rows = `select ${columnList(neededColumns(model, readers))} from ${tableOf(model)}`;
  const days =
    model.window === undefined || pass.days === undefined
      ? ''
      : ` where ${keyCondition(pass.days)}`;
  return { id, sql: `${rows}${days}`, keep: readers.length > 1 };
}

/** A mart that another one reads: the rows staged now, and those that this run leaves in the warehouse. */
function martInput(model: Model, pass: Pass, { days, staged, remade }: InputRun): Input {
  const { id } = model;
  const period = PERIOD_COLUMN[model.load];
  const rows = `select ${columnsOf(model)} from ${tableOf(model)}`;
  const among = (values: readonly string[]): string =>
    `(array[${values.map(literal).join(', ')}]::date[])`;
  if (!staged.has(id)) {
    const ofDays =
      pass.days === undefined || !isByDay(model) ? '' : ` where date_key = any ${among(pass.days)}`;
    return { id, sql: `${rows}${ofDays}`, keep: false };
  }
  if (pass.scope === model.load || period === undefined || remade.has(id)) {
    return { id, staged: model, keep: false };
  }
  const replaced = model.load === 'replace_months' ? days.map(monthOf) : days;
  const within = pass.days === undefined ? '' : ` and ${period} = any ${among(pass.days)}`;
  return {
    id,
    sql: `${rows} where ${period} <> all ${among([...new Set(replaced)])}${within}`,
    staged: model,
    keep: false,
  };
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
