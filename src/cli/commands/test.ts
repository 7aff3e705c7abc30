import { runTests, type TestResult } from '../../app/test.ts';
import { firstLine, MedallionError } from '../../errors.ts';
import { counted } from '../../number.ts';
import type { ResultTable } from '../../postgres/query.ts';
import { command } from '../command.ts';
import { booleans, numbers, resultOf, texts } from '../render/result.ts';

export const testCommand = command('test', 'run the tests of models and sources', {
  details: `
A test of a model is tests/silver/<model>.yaml or tests/gold/<model>.yaml of the
project: cases with rows of the tables that the model reads, and the rows it
should make of them. A test of a source is tests/sources/<source>.yaml: records
as they are sent, and the order that silver should have, or why the record is
rejected. DuckDB runs them; no warehouse is needed. The tests of medallion's own
models and sources run, too. --output has every case as a row, and every cell
that differs.`,
  examples: [
    'medallion test',
    'medallion test sales_performance',
    'medallion test sources.shopify',
    'medallion test gold.sales_performance --output json',
  ],
  exits: { 4: 'a test failed' },
  seeAlso: ['init', 'models show', 'docs/projects.md', 'docs/sources.md'],
  arguments: [
    ['[names...]', 'models and sources, like gold.x, sources.y or x (default: all tests)'],
  ],
  /** @throws MedallionError input, where a file holds no cases that can be run; check_failed, where a test failed */
  run: async (context, _flags, names) => {
    const started = performance.now();
    const results = await runTests({ project: context.project }, names, context.call);
    const failed = results.filter(({ passed }) => !passed);
    const text = failed.map((result) => `${linesOf(result).join('\n')}\n\n`).join('');
    await context.writeText(text, () => tableOf(results));
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const unreadable = failed.filter(({ name }) => name === undefined);
    if (unreadable.length > 0) {
      const reasons = unreadable.map(({ file, problem = '' }) => `${file}: ${firstLine(problem)}`);
      throw new MedallionError(
        'input',
        `${counted(unreadable.length, 'test file')} cannot be run: ${reasons.join('; ')}`,
        {
          hint: 'A test file must be a list of cases: docs/projects.md and docs/sources.md have an example.',
        },
      );
    }
    if (failed.length > 0) {
      throw new MedallionError(
        'check_failed',
        `${counted(failed.length, 'test')} of ${String(results.length)} failed`,
        { hint: hintFor(failed) },
      );
    }
    context.note(`${counted(results.length, 'test')} passed in ${seconds} s`);
  },
});

function hintFor(failed: readonly TestResult[]): string {
  return failed.some(({ of }) => !of.startsWith('sources.'))
    ? 'To see the select that was run: medallion models show <model> --sql'
    : 'docs/sources.md describes every property of a source.';
}

function linesOf({ of, name, file, problem, differences }: TestResult): string[] {
  const rows = [...new Set(differences.map(({ row }) => row))];
  return [
    `FAILED ${of}${name === undefined ? '' : `: ${name}`} (${file})`,
    ...(problem === undefined ? [] : [`  ${problem}`]),
    ...rows.flatMap((row) => {
      const cells = differences.filter((cell) => cell.row === row);
      const isMissing = cells.every(({ actual }) => actual === null);
      const isSurplus = cells.every(({ expected }) => expected === null);
      const what = isMissing ? ', which is missing' : isSurplus ? ', which is not expected' : '';
      return [
        ...(row === null ? [] : [`  row ${String(row)}${what}`]),
        ...cells.map(
          ({ column, expected, actual }) =>
            `    ${column}: expected ${expected ?? 'null'}, actual ${actual ?? 'null'}`,
        ),
      ];
    }),
  ];
}

function tableOf(results: readonly TestResult[]): ResultTable {
  return resultOf(
    {
      ...{ ...texts('test', 'case', 'file'), ...booleans('passed'), ...texts('problem') },
      ...{ ...numbers('row'), ...texts('column', 'expected', 'actual') },
    },
    results.flatMap(({ of, name, differences, ...result }) => {
      const cells = differences.length === 0 ? [undefined] : differences;
      return cells.map((cell) => ({ ...result, test: of, case: name ?? null, ...cell }));
    }),
  );
}
