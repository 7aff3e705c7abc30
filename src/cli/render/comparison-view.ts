import type { ResultTable } from '../../postgres/query.ts';
import { CHECKS, type Comparison } from '../../query/reconcile/comparison.ts';
import { fittedTable } from './fit.ts';
import { numbers, resultOf, texts } from './result.ts';

/** The comparisons of two layers, one row each. */
export function comparisonTable(comparisons: readonly Comparison[]): ResultTable {
  const columns = {
    ...{ ...texts('check', 'scope', 'measure'), ...numbers('expected', 'found') },
    ...{ ...numbers('difference', 'waiting'), ...texts('result', 'note') },
  };
  return resultOf(columns, comparisons);
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
  const isWaiting = lines.some(({ waiting }) => !/^0(\.0+)?$/.test(waiting));
  return fittedTable<Comparison>(
    {
      scope: { atLeast: 16 },
      measure: {},
      expected: { kind: 'figure', keep: 2 },
      found: { kind: 'figure' },
      ...(isWaiting ? { waiting: { kind: 'figure' } } : {}),
      difference: { kind: 'figure' },
      // The columns before say the same.
      result: { keep: 1 },
    },
    lines,
    width,
    { note: (line) => (isSaidBelow(line, lines[lines.indexOf(line) + 1]) ? null : line.note) },
  );
}

function isSaidBelow({ note, scope }: Comparison, next: Comparison | undefined): boolean {
  return next?.note === note && next.scope === scope;
}
