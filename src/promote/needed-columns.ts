import type { Model } from '../model/model.ts';

/**
 * The columns of an input that the readers name anywhere in their SQL: too many now and then, never too few
 * (`select *` asks for all). A view leaves out a join whose columns nobody asks for.
 */
export function neededColumns(input: Model, readers: readonly Model[]): string[] {
  const names = input.columns.map(({ name }) => name);
  const words = new Set(readers.flatMap(({ sql }) => sql.match(/[a-z_][a-z0-9_]*/g) ?? []));
  const needed = names.filter((name) => words.has(name));
  return needed.length === 0 ? names : needed;
}
