import { counted, grouped } from '../../number.ts';
import type { ResultTable } from '../../postgres/query.ts';
import type { Part } from './document.ts';
import { page } from './fit.ts';

/** Checks for people: a line of figures for each, and below it what is checked. */
export const CHECKS = page(
  {
    model: { atLeast: 20 },
    severity: { keep: 3, isOptional: true },
    outcome: { keep: 4, isOptional: true },
    failing: { kind: 'figure' },
    checked: { kind: 'figure', keep: 5, isOptional: true },
    warn_above: { keep: 1, isOptional: true },
    error_above: { keep: 2, isOptional: true },
  },
  { note: ({ check, check_name: name }) => check ?? name },
);

/** Checks as a part of a page: where all are met, people see how many there are. */
export function checksPart(table: ResultTable, unmet: number): Part {
  const { length } = table.rows;
  return unmet === 0
    ? {
        name: 'checks',
        title: 'Checks',
        table,
        page: () => [`${counted(length, 'check')}, all met`],
      }
    : {
        ...{ name: 'checks', table, page: CHECKS },
        title: `Checks, ${grouped(unmet)} of ${grouped(length)} not met`,
      };
}
