import type { Header } from './header.ts';

export { PERIOD_COLUMN, type Load } from './loads.ts';

export type ModelColumn = Header['columns'][string] & { readonly name: string };
export type ModelCheck = Header['checks'][number];

/**
 * A model: one table of silver or gold as one .sql file. Its header (YAML in the first comment) says what a row is,
 * what the columns mean and how the table is loaded; its body is one select.
 */
export interface Model extends Readonly<Omit<Header, 'columns'>> {
  readonly layer: 'silver' | 'gold';
  readonly name: string;
  /** layer.name */
  readonly id: string;
  /** Where it was read from, for messages. */
  readonly file: string;
  /** Whether it is of the user's project, and not of the package. */
  readonly isOfProject: boolean;
  /** Of the file. */
  readonly lines: readonly string[];
  readonly columns: readonly ModelColumn[];
  /** The select, without the header. */
  readonly sql: string;
  /** The line of the file that it begins in. */
  readonly line: number;
  /** Tables that the select reads, as schema.name, in order of their names. */
  readonly sources: readonly string[];
  /** The same, and those that derived columns look up. */
  readonly inputs: readonly string[];
}

/** The columns of an additive mart that the select gives and that add up. */
export function measuresOf({ columns, key }: Model): readonly ModelColumn[] {
  return columns.filter(({ name, derived }) => derived === undefined && !key.includes(name));
}

/** The select of a model with its derived columns, as its table has them. */
export function wholeSelect({ name, columns, sql }: Model): string {
  const derived = columns.flatMap(({ name: column, derived: expression }) =>
    expression === undefined ? [] : [`${expression} as ${column}`],
  );
  return derived.length === 0 ? sql : `select *, ${derived.join(', ')} from (${sql}\n) as ${name}`;
}

export function isByDay({ columns }: Model): boolean {
  return columns.some(({ name }) => name === 'date_key');
}

/** Whether promotions fill the table: a seed belongs to its users once it is made, a view holds no rows. */
export function isFilled({ load }: Model): boolean {
  return load !== 'seed' && load !== 'view';
}

/** Rows of transactions under keys of their own, those of several batches at a time. */
export function isFact({ load }: Model): boolean {
  return load === 'replace_transactions';
}

/** Where a line of a model's file matches, for messages; the first line where none does. */
export function placeOf({ file, lines }: Pick<Model, 'file' | 'lines'>, pattern: RegExp): string {
  return `${file}:${String(lines.findIndex((line) => pattern.test(line)) + 1 || 1)}`;
}
