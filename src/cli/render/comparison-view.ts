import type { ResultTable } from '../../postgres/query.ts';
import { CHECKS, type Comparison } from '../../query/reconcile/comparison.ts';
import { page } from './fit.ts';
import { quantities, resultOf, texts } from './result.ts';

/** The comparisons of two layers, one row each. */
export function comparisonTable(comparisons: readonly Comparison[]): ResultTable {
  const columns = {
    ...{ ...texts('check', 'scope', 'measure'), ...quantities('expected', 'found') },
    ...{ ...quantities('difference', 'waiting'), ...texts('result', 'note') },
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

function checkLines(lines: readonly Comparison[], width: number): readonly string[] {
  const isWaiting = lines.some(({ waiting }) => !/^0(\.0+)?$/.test(waiting));
  const lay = page(
    {
      ...{ scope: { atLeast: 16 }, measure: {}, expected: { keep: 2 }, found: {} },
      ...(isWaiting ? { waiting: {} } : {}),
      // The columns before say what the result does.
      ...{ difference: {}, result: { keep: 1 } },
    },
    { note: ({ note }) => note },
  );
  // What is said of several lines stands below the last one.
  const noted = lines.map((line, index) => {
    const next = lines[index + 1];
    return next?.note === line.note && next.scope === line.scope ? { ...line, note: '' } : line;
  });
  return lay(comparisonTable(noted), width);
}
