/**
 * How a model is loaded:
 * - seed: rows are inserted once, when the table is made; afterwards the table belongs to its users
 * - insert_new: rows whose key is not there yet are inserted
 * - upsert: rows are inserted, or replace the row of the same key
 * - upsert_latest: the same, but only by a row that is later by `latest_by`
 * - replace_transactions: rows of corrected transactions are removed by transaction_key, then rows are appended, those of
 *   several batches at a time: no two transactions have rows of one key
 * - replace_days, replace_months: the stale dates (date_key) or months (month_key) are replaced whole
 * - additive: its measures are sums and counts (additive measures), so what a promotion adds to the rows that it reads, and
 *   what it takes away, is all that changes about it: the cost follows the cells touched. It reads facts, where an event
 *   stands in the log excepted, or one other additive mart, beside seeds and the calendar
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
  'additive',
  'view',
] as const;

export type Load = (typeof LOADS)[number];

/** The column that a load by period replaces by. */
export const PERIOD_COLUMN: Readonly<Partial<Record<Load, string>>> = {
  replace_days: 'date_key',
  replace_months: 'month_key',
};
