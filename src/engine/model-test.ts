import * as v from '@badrap/valita';
import { wholeSelect, type Model } from '../model/model.ts';
import { singleQuoted } from './duckdb/sql.ts';
import { stagedTable, type Session } from './engine.ts';
import { SOURCE_RELATIONS } from './source-relations.ts';

const value = v.union(v.string(), v.number(), v.boolean(), v.null());
/** A row as a test says it: the columns that matter. */
export const row = v.record(value);
const casesSchema = v.array(
  v.object({ name: v.string(), given: v.record(v.array(row)), expect: v.array(row) }),
);

/** Rows given in the inputs of a model, and the rows expected of it, naming only the columns that matter. */
export type ModelCase = v.Infer<typeof casesSchema>[number];
export type Row = v.Infer<typeof row>;

/** The cases of a test of a model. @returns what is wrong with them, where they are none */
export function readCases(yaml: unknown): readonly ModelCase[] | { readonly problem: string } {
  return casesOf(casesSchema, yaml);
}

/** What the YAML of a test file says, as cases of one kind; or what is wrong with it. */
export function casesOf<T>(
  schema: v.Type<T[]>,
  yaml: unknown,
): readonly T[] | { readonly problem: string } {
  const result = schema.try(yaml ?? []);
  if (!result.ok) {
    return { problem: result.message };
  }
  return result.value.length === 0 ? { problem: 'the file has no cases' } : result.value;
}

/** A cell that is not as expected; null where there is no such row, or no value. */
export interface Difference {
  /** From 1, in the order of the key; null where a test is not of rows. */
  readonly row: number | null;
  readonly column: string;
  readonly expected: string | null;
  readonly actual: string | null;
}

/**
 * Runs a case of a model: values are compared as text, in the order of the model's key.
 * @param models all that the model may read
 * @returns what differs, or what is wrong with the case
 * @throws MedallionError model, where the select cannot be run
 */
export async function runCase(
  session: Session,
  models: readonly Model[],
  model: Model,
  { given, expect }: ModelCase,
): Promise<readonly Difference[] | { readonly problem: string }> {
  const stray = Object.keys(given).find((id) => !model.inputs.includes(id));
  if (stray !== undefined) {
    return { problem: `given: ${model.id} does not read ${stray}` };
  }
  for (const input of model.inputs) {
    const sql = givenRows(models, input, given[input] ?? []);
    if (typeof sql !== 'string') {
      return sql;
    }
    await session.openInput({ id: input, sql, keep: true });
  }
  // Rows are given with the columns that matter; the others are null all the way.
  const selected = {
    ...model,
    columns: model.columns
      .filter(({ derived }) => derived === undefined)
      .map((column) => ({ ...column, nullable: true })),
  };
  const columns = [...new Set(expect.flatMap((wanted) => Object.keys(wanted)))];
  const unknown = columns.find((name) => !model.columns.some((column) => column.name === name));
  if (unknown !== undefined) {
    return { problem: `expect: ${model.id} has no column ${unknown}` };
  }
  await session.clear(selected);
  await session.stage(selected);
  // Derived columns are made of what is staged, with what is looked up beside it.
  const whole = wholeSelect({ ...model, sql: `select * from ${stagedTable(model)}` });
  const shown = columns.length === 0 ? model.key : columns;
  const values = shown.map((column) => `cast("${column}" as varchar) as "${column}"`);
  const actual = await session.query(
    `select ${values.join(', ')} from (${whole}) order by ${model.key.map((key) => `"${key}"`).join(', ')}`,
  );
  return Array.from({ length: Math.max(actual.length, expect.length) }).flatMap((_, index) =>
    differences(index, expect[index], actual[index]),
  );
}

function differences(
  index: number,
  expected: Row | undefined,
  actual: Readonly<Record<string, string | null>> | undefined,
): Difference[] {
  return Object.keys(expected ?? actual ?? {})
    .map((column) => ({
      row: index + 1,
      column,
      expected: expected === undefined ? null : textOf(expected[column]),
      actual: actual?.[column] ?? null,
    }))
    .filter(
      (cell) => expected === undefined || actual === undefined || cell.expected !== cell.actual,
    );
}

export function textOf(cell: Row[string] | undefined): string | null {
  return cell === null || cell === undefined ? null : String(cell);
}

/** A select of an input with all its columns; those that a row does not name are null. */
export function givenRows(
  models: readonly Model[],
  id: string,
  rows: readonly Row[],
): string | { readonly problem: string } {
  const model = models.find((candidate) => candidate.id === id);
  const columns = model?.columns ?? SOURCE_RELATIONS[id] ?? [];
  if (columns.length === 0) {
    return { problem: `given: there is no table ${id}` };
  }
  for (const given of rows) {
    const stray = Object.keys(given).find((name) => !columns.some((one) => one.name === name));
    if (stray !== undefined) {
      return { problem: `given: ${id} has no column ${stray}` };
    }
  }
  const values = (given: Row): string =>
    columns
      .map(({ name, type }) => `cast(${literal(given[name])} as ${type}) as "${name}"`)
      .join(', ');
  const selects = rows.map((given) => `select ${values(given)}`);
  return selects.length === 0 ? `select ${values({})} where false` : selects.join(' union all ');
}

function literal(cell: Row[string] | undefined): string {
  const text = textOf(cell);
  return text === null ? 'null' : singleQuoted(text);
}
