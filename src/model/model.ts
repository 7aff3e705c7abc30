import type { Header } from './header.ts';

/**
 * A model: one table of silver or gold as one .sql file. Its header (YAML in the first comment) says what a row is,
 * what the columns mean and how the table is loaded; its body is one select.
 *
 * How a model is loaded:
 * - seed: rows are inserted once, when the table is made; afterwards the table belongs to its users
 * - insert_new: rows whose key is not there yet are inserted
 * - upsert: rows are inserted, or replace the row of the same key
 * - upsert_latest: the same, but only by a row that is later by `latest_by`
 * - replace_transactions: rows of corrected transactions are removed by transaction_key, then rows are appended, those of
 *   several windows at a time: no two transactions have rows of one key
 * - replace_days, replace_months: the touched days (date_key) or months (month_key) are replaced whole
 * - replace_all: the table is made to equal the rows
 * - view: the body is the definition of a PostgreSQL view
 */
export const LOADS = [
  'seed',
  'insert_new',
  'upsert',
  'upsert_latest',
  'replace_transactions',
  'replace_days',
  'replace_months',
  'replace_all',
  'view',
] as const;

export type Load = (typeof LOADS)[number];

/** The column that a load by period replaces by. */
export const PERIOD_COLUMN: Readonly<Partial<Record<Load, string>>> = {
  replace_days: 'date_key',
  replace_months: 'month_key',
};

export type ModelColumn = Header['columns'][string] & { readonly name: string };
export type ModelCheck = Header['checks'][number];

export interface Model {
  readonly layer: 'silver' | 'gold';
  readonly name: string;
  /** layer.name */
  readonly id: string;
  /** Where it was read from, for messages. */
  readonly file: string;
  readonly description: string;
  readonly grain: string;
  readonly key: readonly string[];
  readonly load: Load;
  readonly columns: readonly ModelColumn[];
  readonly unique: readonly string[];
  readonly indexes: readonly string[];
  readonly latestBy: readonly string[];
  readonly window: 'transaction_key' | undefined;
  readonly restatements: Header['restatements'];
  readonly checks: readonly ModelCheck[];
  /** The select, without the header. */
  readonly sql: string;
  /** Tables the select reads, as schema.name, in order of their names. */
  readonly inputs: readonly string[];
}

/** Whether promotions fill the table: a seed belongs to its users once it is made, a view holds no rows. */
export function isFilled({ load }: Model): boolean {
  return load !== 'seed' && load !== 'view';
}
