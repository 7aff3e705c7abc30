import { Command } from 'commander';
import { MedallionError } from '../../errors.ts';
import { counted } from '../../number.ts';
import { withWarehouse } from '../../postgres/warehouse.ts';
import type { CheckName, Comparison } from '../../reconcile/comparison.ts';
import { reconcile } from '../../reconcile/reconcile.ts';
import type { CommandContext } from '../context.ts';
import { manual } from '../help.ts';
import type { RunCommand } from '../run-command.ts';
import { parseMoment } from '../options.ts';
import { comparisonLines, comparisonTable } from '../render/comparison-view.ts';

interface ReconcileFlags {
  readonly since?: string;
}

export function createReconcileCommand(run: RunCommand): Command {
  return new Command('reconcile')
    .description(
      'prove that nothing was lost and nothing doubled between log, bronze, silver and gold',
    )
    .option(
      '--since <time>',
      'only what was ingested since this UTC day or time, and the days of gold that it touched',
      parseMoment,
    )
    .addHelpText(
      'after',
      manual({
        details: `
Three comparisons, a line for each partition or day:
  log-to-bronze     what the log held = events in bronze + quarantined at ingest
                    + pruned. A file that is still there is counted line by
                    line; of a Kafka topic the broker's offsets are compared
                    with what ingest booked on its way through them.
  bronze-to-silver  promoted events = current + duplicates + superseded +
                    quarantined by silver, event by event, not only by their
                    number.
  silver-to-gold    purchases and sums of each day, to the cent. Days that agree
                    are added up.

found + waiting - expected = difference: below zero something is missing. What
the next ingest or promote will take is waiting, which is no difference. Offsets
that expired in Kafka, or that hold no event (transaction markers, aborted or
compacted records), are named in the note. It exits 4 when anything differs, and
changes nothing.`,
        examples: [
          'medallion reconcile',
          ['medallion reconcile --since today', 'after a promotion'],
          'medallion reconcile --since 2026-01-31T18:00:00Z',
          'medallion reconcile --output json',
        ],
        exits: { 4: 'something differs: it is named' },
        seeAlso: ['trace', 'status', 'prune'],
      }),
    )
    .action(run(runReconcile));
}

async function runReconcile(context: CommandContext, { since }: ReconcileFlags): Promise<void> {
  const { comparisons, seconds } = await withWarehouse(context.config, context, (settings) =>
    reconcile(settings, context.config, { since }, context),
  );
  await context.writeRows(comparisonTable(comparisons), (width) =>
    comparisonLines(comparisons, width),
  );
  const different = comparisons.filter(({ result }) => result === 'different');
  if (different.length > 0) {
    throw differenceError(different);
  }
  const waiting = comparisons.filter(({ result }) => result === 'waiting');
  context.emit({
    type: 'note',
    message:
      `nothing lost, nothing doubled (${seconds.toFixed(1)} s)` +
      (waiting.length === 0 ? '' : `; ${counted(waiting.length, 'line')} waiting`),
  });
}

/** What to do about a difference of each check. */
const ADVICE: Readonly<Record<CheckName, string>> = {
  'log-to-bronze':
    'log-to-bronze: restore the events named from the log or a backup: ingest does not go back by itself. ' +
    'A topic that was recreated is read with medallion ingest --reset-offsets.',
  'bronze-to-silver':
    'bronze-to-silver: medallion promote --full-refresh makes silver again from what bronze holds.',
  'silver-to-gold':
    'silver-to-gold: medallion promote --layer gold --since DAY --until DAY computes the days named again.',
};
/** Lines of the message; the table has them all. */
const MOST_LINES = 20;

/** The differences, one line each, as the error that they are. */
export function differenceError(different: readonly Comparison[]): MedallionError {
  const lines = different.slice(0, MOST_LINES).map(({ check, scope, measure, note, ...line }) => {
    const detail = note === null ? '' : ` (${note})`;
    return `${check} ${scope}: ${measure} ${line.found} of ${line.expected}, difference ${line.difference}${detail}`;
  });
  const left = different.length - lines.length;
  const checks = [...new Set(different.map(({ check }) => check))];
  return new MedallionError(
    'check_failed',
    [
      counted(different.length, 'difference'),
      ...lines,
      ...(left > 0 ? [`and ${left} more`] : []),
    ].join('\n'),
    { hint: checks.map((check) => ADVICE[check]).join('\n') },
  );
}
