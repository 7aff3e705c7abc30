import type { CheckResult } from '../../promote/checks.ts';
import type { DryRun } from '../../promote/dry-run.ts';
import type { Explanation } from '../../promote/explain.ts';
import type { LayerResults } from '../../promote/layers.ts';
import type { PromoteResult } from '../../promote/promote.ts';
import type { SilverResult } from '../../promote/tally.ts';
import type { CommandContext } from '../context.ts';
import { checksPart } from './check-view.ts';
import { renderParts } from './document.ts';
import { isThere, page } from './fit.ts';
import { counted, grouped } from '../../number.ts';
import type { ResultTable } from '../../postgres/query.ts';
import { renderTable, type Layout, type OutputFormat } from './output.ts';
import { numbers, quantities, resultOf, texts } from './result.ts';

/** What each model did. */
function modelTable({ models }: PromoteResult): ResultTable {
  return resultOf(
    { ...texts('model'), ...quantities('read', 'written', 'rejected'), ...numbers('seconds') },
    models.map((row) => ({ ...row, seconds: (row.milliseconds / 1000).toFixed(2) })),
  );
}

/** The same for people. */
const MODELS = page({
  ...{ model: { atLeast: 20 }, read: {}, written: {}, rejected: {}, seconds: { keep: 1 } },
});

/** Warns of the checks that did not pass. */
export function warnOfChecks({ checks }: PromoteResult, context: CommandContext): void {
  for (const { model, name, failing, checked } of checks.filter(isNotable)) {
    context.warn(
      `${model}: ${grouped(failing)} of ${grouped(checked)} rows fail the check "${name}"`,
      `medallion checks show ${model} "${name}"`,
    );
  }
}

const isNotable = ({ outcome }: CheckResult): boolean => outcome !== 'pass';

/** What became of the events that are no current truth of a transaction; most have no source that skips any. */
export function leftOutText({
  duplicates,
  superseded,
  skipped,
  rejected,
}: Pick<SilverResult, 'duplicates' | 'superseded' | 'skipped' | 'rejected'>): string {
  const skips = skipped === 0 ? '' : `, ${grouped(skipped)} skipped`;
  return `${counted(duplicates, 'duplicate')}, ${grouped(superseded)} superseded${skips}, ${grouped(rejected)} quarantined`;
}

/** What a promotion did, in a few lines for people. */
export function summary({
  silver,
  gold,
  seconds,
}: Partial<LayerResults> & Pick<PromoteResult, 'seconds'>): string {
  const rate = silver === undefined || seconds === 0 ? 0 : Math.round(silver.events / seconds);
  const { events = 0, written = 0 } = silver ?? {};
  return [
    silver &&
      (events === 0
        ? 'silver: nothing new in bronze'
        : `silver: ${counted(events, 'event')}, ${counted(written, 'transaction')} written\n  ${leftOutText(silver)}`),
    gold &&
      (gold.days.length === 0
        ? 'gold: nothing changed in silver'
        : `gold: ${counted(gold.days.length, 'day')} published, ${grouped(gold.restated)} of them restated`),
    `done in ${seconds.toFixed(1)} s${rate > 0 ? `, ${counted(rate, 'event')}/s` : ''}`,
  ]
    .filter(isThere)
    .join('\n');
}

/** Writes what a promotion did. */
export async function writePromotion(
  result: PromoteResult,
  context: CommandContext,
): Promise<void> {
  await context.writeNews(modelTable(result), MODELS);
  warnOfChecks(result, context);
  context.note(summary(result));
}

/**
 * Writes what a promotion would do.
 * @throws MedallionError check_failed where the promotion would
 */
export async function writeDryRun(result: DryRun, context: CommandContext): Promise<void> {
  await context.write(renderDryRun(result, context.format ?? 'table', context));
  const { layers, seconds } = result;
  context.note(`dry run: nothing was written\n${summary({ ...layers, seconds })}`);
  if (result.failure !== undefined) {
    throw result.failure;
  }
}

/** Writes what a promotion does with each model, in order: text for people, or rows in the format asked for. */
export async function writeExplanation(
  models: readonly Explanation[],
  context: CommandContext,
): Promise<void> {
  if (context.format === undefined) {
    await context.write(`${models.map(explanationText).join('\n\n')}\n`);
    return;
  }
  await context.writeRows(
    resultOf(
      {
        ...{ ...numbers('place'), ...texts('model', 'file', 'load'), key: 'json', inputs: 'json' },
        ...{ sql: 'text', publication: 'json' },
      },
      models.map(({ key, inputs, publication, ...model }) => ({
        ...model,
        key: JSON.stringify(key),
        inputs: JSON.stringify(inputs),
        publication: JSON.stringify(publication),
      })),
    ),
  );
}

/** A model as SQL, with what is not SQL in comments. */
function explanationText(explanation: Explanation): string {
  const { place, model, file, load, key, inputs, sql, publication } = explanation;
  return [
    `-- ${String(place)}. ${model} (${file})`,
    `-- load ${load}, key (${key.join(', ')})`,
    `-- reads ${inputs.length === 0 ? 'nothing' : inputs.join(', ')}`,
    `${sql};`,
    '-- published by',
    ...publication.map((statement) => `${statement};`),
  ].join('\n');
}

/** What a promotion would do, by model, and its checks. Programs get some of the rows that fail, too. */
function renderDryRun({ models, checks }: DryRun, format: OutputFormat, layout: Layout): string {
  const modelRows = models.map(({ changes, ...counts }) => ({ ...counts, ...changes }));
  const checkRows = checks.map(({ name, rows, ...result }) => ({
    ...{ ...result, check: name, failing_rows: JSON.stringify(rows) },
  }));
  const figures = quantities('read', 'written', 'new', 'changed', 'removed', 'rejected');
  const counts = numbers('failing', 'checked');
  const words = texts('severity', 'outcome');
  if (format === 'csv') {
    // One table of both: a row that names a check is of that check.
    const kinds = { model: 'text', check: 'text', ...figures, ...counts, ...words } as const;
    const rows: Partial<Record<keyof typeof kinds, string | number>>[] = [
      ...modelRows,
      ...checkRows,
    ];
    return renderTable(resultOf(kinds, rows), 'csv', layout);
  }
  const unmet = checks.filter(isNotable).length;
  const checkKinds = { model: 'text', check: 'text', ...words, ...counts } as const;
  const checkTable =
    format === 'json'
      ? resultOf({ ...checkKinds, failing_rows: 'json' }, checkRows)
      : resultOf(checkKinds, checkRows);
  return renderParts(
    [
      {
        ...{ name: 'models', title: 'Rows that a promotion would write' },
        table: resultOf({ model: 'text', ...figures }, modelRows),
        page: page({
          model: { atLeast: 20 },
          ...Object.fromEntries(Object.keys(figures).map((name, keep) => [name, { keep }])),
        }),
      },
      checksPart(checkTable, unmet),
    ],
    format,
    layout,
  );
}
