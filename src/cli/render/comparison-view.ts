import { CHECKS, type Comparison } from '../../reconcile/comparison.ts';
import { figureColumn, fittedTable, textColumn, withNotes, type FittingColumn } from './fit.ts';
import type { ResultTable } from './output.ts';

/** The comparisons of two layers, one row each. */
export function comparisonTable(comparisons: readonly Comparison[]): ResultTable {
  return {
    columns: [
      ...['check', 'scope', 'measure'].map((name) => ({ name, kind: 'text' as const })),
      ...['expected', 'found', 'difference', 'waiting'].map((name) => ({
        name,
        kind: 'number' as const,
      })),
      ...['result', 'note'].map((name) => ({ name, kind: 'text' as const })),
    ],
    rows: comparisons.map((line) => [
      ...[line.check, line.scope, line.measure],
      ...[line.expected, line.found, line.difference, line.waiting],
      ...[line.result, line.note],
    ]),
  };
}

/** The same for people: check by check, what is worth knowing below the lines that it is about. */
export function comparisonLines(comparisons: readonly Comparison[], width: number): string[] {
  return CHECKS.map((check) => comparisons.filter((line) => line.check === check))
    .filter((lines) => lines.length > 0)
    .flatMap((lines, index) => [
      ...(index === 0 ? [] : ['']),
      lines[0]?.check ?? '',
      ...checkLines(lines, width),
    ]);
}

function checkLines(lines: readonly Comparison[], width: number): string[] {
  const amount = (
    name: 'expected' | 'found' | 'difference' | 'waiting',
    keep?: number,
  ): FittingColumn<Comparison> =>
    figureColumn(name, (line) => line[name], keep === undefined ? {} : { keep });
  const isWaiting = lines.some(({ waiting }) => !/^0(\.0+)?$/.test(waiting));
  const table = fittedTable<Comparison>(
    [
      textColumn('scope', ({ scope }) => scope, { atLeast: 16 }),
      textColumn('measure', ({ measure }) => measure),
      amount('expected', 2),
      amount('found'),
      ...(isWaiting ? [amount('waiting')] : []),
      amount('difference'),
      // The columns before say the same.
      textColumn('result', ({ result }) => result, { keep: 1 }),
    ],
    lines,
    width,
  );
  const notes = lines.map(({ note, scope }, index) => {
    const next = lines[index + 1];
    return next?.note === note && next.scope === scope ? null : note;
  });
  return withNotes(table, notes, width);
}
