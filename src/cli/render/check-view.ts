import type { ResultTable } from '../../postgres/query.ts';
import { rowsOf } from '../../query/ask.ts';
import { fittedTable, type PageColumns } from './fit.ts';

type Row = Readonly<
  Record<
    | 'model'
    | 'severity'
    | 'outcome'
    | 'failing'
    | 'checked'
    | 'warn_above'
    | 'error_above'
    | 'check'
    | 'check_name',
    string | null
  >
>;

/** Of a check what its table has. */
const COLUMNS: PageColumns<Row> = {
  model: { atLeast: 20 },
  severity: { keep: 3, isOptional: true },
  outcome: { keep: 4, isOptional: true },
  failing: { kind: 'figure' },
  checked: { kind: 'figure', keep: 5, isOptional: true },
  warn_above: { keep: 1, isOptional: true },
  error_above: { keep: 2, isOptional: true },
};

/** Checks for people: a line of figures for each, and below it what is checked. */
export function checkLines(table: ResultTable, width: number): string[] {
  return fittedTable<Row>(COLUMNS, rowsOf(table), width, {
    note: (row) => row.check ?? row.check_name,
  });
}
