import type { CheckResult } from '../../promote/checks.ts';
import type { DryRun } from '../../promote/dry-run.ts';
import type { LayerResults } from '../../promote/layers.ts';
import type { PromoteResult } from '../../promote/promote.ts';
import type { CommandContext } from '../context.ts';
import { checkLines } from './check-view.ts';
import { renderParts } from './document.ts';
import { figureColumn, fittedTable, textColumn } from './fit.ts';
import { counted, grouped } from '../../number.ts';
import { renderTable, type Layout, type OutputFormat, type ResultTable } from './output.ts';

/** What each model did. */
export function modelTable({ models }: PromoteResult): ResultTable {
  return {
    columns: [
      { name: 'model', kind: 'text' },
      ...['read', 'written', 'refused', 'seconds'].map((name) => ({
        name,
        kind: 'number' as const,
      })),
    ],
    rows: models.map(({ model, read, written, refused, milliseconds }) => [
      model,
      String(read),
      String(written),
      String(refused),
      (milliseconds / 1000).toFixed(2),
    ]),
  };
}

/** The same for people. */
export function modelLines({ models }: PromoteResult, width: number): string[] {
  type Row = (typeof models)[number];
  return fittedTable<Row>(
    [
      textColumn('model', ({ model }) => model, { atLeast: 20 }),
      ...(['read', 'written', 'refused'] as const).map((name) =>
        figureColumn<Row>(name, (row) => String(row[name])),
      ),
      {
        ...{ title: 'seconds', align: 'right', keep: 1 },
        cell: ({ milliseconds }) => (milliseconds / 1000).toFixed(2),
      },
    ],
    models,
    width,
  );
}

/** Warns of the checks that did not pass. */
export function warnOfChecks({ checks }: PromoteResult, context: CommandContext): void {
  for (const { model, name, failing, checked } of checks.filter(isNotable)) {
    context.emit({
      type: 'warning',
      message: `${model}: ${grouped(failing)} of ${grouped(checked)} rows fail the check "${name}"`,
      hint: `medallion checks show ${model} "${name}"`,
    });
  }
}

const isNotable = ({ outcome }: CheckResult): boolean => outcome !== 'pass';

/** What a promotion did, in a few lines for people. */
export function summary({
  silver,
  gold,
  seconds,
}: Partial<LayerResults> & Pick<PromoteResult, 'seconds'>): string {
  const rate = silver === undefined || seconds === 0 ? 0 : Math.round(silver.events / seconds);
  return [
    ...(silver === undefined
      ? []
      : [
          silver.events === 0
            ? 'silver: nothing new in bronze'
            : `silver: ${counted(silver.events, 'event')}, ${counted(silver.written, 'transaction')} written\n` +
              `  ${counted(silver.duplicates, 'duplicate')}, ${grouped(silver.superseded)} superseded, ${grouped(silver.refused)} quarantined`,
        ]),
    ...(gold === undefined
      ? []
      : [
          gold.days.length === 0
            ? 'gold: nothing changed in silver'
            : `gold: ${counted(gold.days.length, 'day')} published, ${grouped(gold.restated)} of them restated`,
        ]),
    `done in ${seconds.toFixed(1)} s${rate > 0 ? `, ${counted(rate, 'event')}/s` : ''}`,
  ].join('\n');
}

const MODEL_FIGURES = ['read', 'written', 'new', 'changed', 'removed', 'refused'] as const;
const CHECK_FIGURES = ['failing', 'checked'] as const;

type Cells = Readonly<Record<string, string>>;

/** What a promotion would do, by model, and its checks. Programs get some of the rows that fail, too. */
export function renderDryRun(
  { models, checks }: DryRun,
  format: OutputFormat,
  layout: Layout & { readonly width: number },
): string {
  const { width } = layout;
  const modelRows = models.map(({ changes, ...counts }): Cells => {
    const figures = { ...counts, ...changes };
    return {
      model: counts.model,
      ...Object.fromEntries(MODEL_FIGURES.map((name) => [name, String(figures[name])])),
    };
  });
  const checkRows = checks.map((result): Cells => ({
    ...{ model: result.model, check: result.name },
    ...{ severity: result.severity, outcome: result.outcome },
    ...Object.fromEntries(CHECK_FIGURES.map((name) => [name, String(result[name])])),
    failing_rows: JSON.stringify(result.rows),
  }));
  if (format === 'csv') {
    // One table of both: a row that names a check is of that check.
    return renderTable(
      tableOf([...modelRows, ...checkRows], ['model', 'check'], {
        numbers: [...MODEL_FIGURES, ...CHECK_FIGURES],
        texts: ['severity', 'outcome'],
      }),
      'csv',
      layout,
    );
  }
  const unmet = checks.filter(isNotable).length;
  const checkTable = tableOf(checkRows, ['model', 'check', 'severity', 'outcome'], {
    numbers: CHECK_FIGURES,
    ...(format === 'json' ? { documents: ['failing_rows'] } : {}),
  });
  return renderParts(
    [
      {
        ...{ name: 'models', title: 'Rows that a promotion would write' },
        table: tableOf(modelRows, ['model'], { numbers: MODEL_FIGURES }),
        lines: fittedTable<Cells>(
          [
            textColumn('model', (row) => row['model'] ?? '', { atLeast: 20 }),
            ...MODEL_FIGURES.map((name, keep) =>
              figureColumn<Cells>(name, (row) => row[name] ?? '', { keep }),
            ),
          ],
          modelRows,
          width,
        ),
      },
      {
        ...{ name: 'checks', title: 'Checks', table: checkTable },
        ...(unmet === 0
          ? { lines: [`${counted(checks.length, 'check')}, all met`] }
          : {
              title: `Checks, ${grouped(unmet)} of ${grouped(checks.length)} not met`,
              lines: checkLines(checkTable, width),
            }),
      },
    ],
    format,
    layout,
  );
}

function tableOf(
  rows: readonly Cells[],
  names: readonly string[],
  more: {
    readonly numbers: readonly string[];
    readonly texts?: readonly string[];
    readonly documents?: readonly string[];
  },
): ResultTable {
  const columns: ResultTable['columns'] = [
    ...names.map((name) => ({ name, kind: 'text' as const })),
    ...more.numbers.map((name) => ({ name, kind: 'number' as const })),
    ...(more.texts ?? []).map((name) => ({ name, kind: 'text' as const })),
    ...(more.documents ?? []).map((name) => ({ name, kind: 'json' as const })),
  ];
  return { columns, rows: rows.map((row) => columns.map(({ name }) => row[name] ?? null)) };
}
