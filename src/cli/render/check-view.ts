import { counted, grouped } from '../../number.ts';
import type { ResultTable } from '../../postgres/query.ts';
import type { Part } from './document.ts';
import { resultLines, type PageColumns, type ResultRow } from './fit.ts';

const COLUMNS: PageColumns<ResultRow> = {
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
  return resultLines(COLUMNS, table, width, {
    note: ({ check, check_name: name }) => check ?? name,
  });
}

/** Checks as a part of a page: where all are met, people see how many there are. */
export function checksPart(table: ResultTable, unmet: number, width: number): Part {
  const { length } = table.rows;
  return unmet === 0
    ? { name: 'checks', title: 'Checks', table, lines: [`${counted(length, 'check')}, all met`] }
    : {
        ...{ name: 'checks', table, lines: checkLines(table, width) },
        title: `Checks, ${grouped(unmet)} of ${grouped(length)} not met`,
      };
}
