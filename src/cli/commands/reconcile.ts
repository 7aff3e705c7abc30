import { reconcile } from '../../app/query.ts';
import { counted } from '../../number.ts';
import { differenceError } from '../../query/reconcile/difference.ts';
import { command } from '../command.ts';
import { comparisonLines, comparisonTable } from '../render/comparison-view.ts';

export const reconcileCommand = command(
  'reconcile',
  'prove that nothing was lost and nothing doubled between log, bronze, silver and gold',
  {
    details: `
Three comparisons, a line for each partition or day:
  log-to-bronze     what the log held = events in bronze + quarantined at ingest
                    + pruned. A file that is still there is counted line by
                    line; of a Kafka topic the broker's offsets are compared
                    with what ingest recorded on its way through them.
  bronze-to-silver  promoted events = current + duplicates + superseded +
                    skipped by their source + quarantined by silver, event by
                    event, not only by their number.
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
    usesKafka: true,
    options: {
      '--since <time>':
        'only what was ingested since this UTC day or time, and the days of gold that it touched',
    },
    run: async (context, { since }) => {
      const { comparisons, seconds } = await reconcile(context.config, { ...context.call, since });
      await context.writeRows(comparisonTable(comparisons), (_table, width) =>
        comparisonLines(comparisons, width),
      );
      const different = comparisons.filter(({ result }) => result === 'different');
      if (different.length > 0) {
        throw differenceError(different);
      }
      const waiting = comparisons.filter(({ result }) => result === 'waiting');
      context.note(
        `nothing lost, nothing doubled (${seconds.toFixed(1)} s)` +
          (waiting.length === 0 ? '' : `; ${counted(waiting.length, 'line')} waiting`),
      );
    },
  },
);
