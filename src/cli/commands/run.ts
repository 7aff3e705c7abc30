import { archivePlace } from '../../app/archive.ts';
import { run, type RunTotals } from '../../app/run.ts';
import { usageError } from '../../errors.ts';
import { counted, grouped } from '../../number.ts';
import type { ResultTable } from '../../postgres/query.ts';
import type { PromoteResult } from '../../promote/promote.ts';
import { command } from '../command.ts';
import { ENGINE, group, RETRY, setting } from '../flags.ts';
import { parseCount, parseDuration, parsePort } from '../options.ts';
import { ingestedSummary } from '../render/ingested.ts';
import { leftOutText, warnOfChecks } from '../render/promotion-view.ts';
import { quantities, resultOf } from '../render/result.ts';
import { hanging } from '../render/wrap.ts';
import { archivedText } from './archive.ts';

export const runCommand = command(
  'run',
  'ingest and promote in one process until stopped, with metrics and health checks if wanted',
  {
    details: `
This is "ingest --follow" and "promote --watch" in one process, with the same
records of runs. At SIGINT or SIGTERM it commits the current batch, finishes a
promotion that has begun, and prints a summary; a second signal ends it at once,
and nothing is lost. When one of the two fails for good, the other ends in the
same way. It waits for a Kafka topic that does not exist yet.

With --older-than and --to (archive.older_than, archive.to) it archives once a
day between two promotions; if that fails, it warns and tries again after an
hour.

With --metrics-port it serves /metrics for Prometheus, /healthz (200 while the
process lives) and /readyz (200 while warehouse and log answer, ingest runs and
promotions come to their end; else 503, and why).`,
    examples: [
      ['medallion run', 'from Kafka or the landing directory, until stopped'],
      [
        'medallion run --every 1m --retry-for 30m',
        'wait for services that do not answer, also at the start',
      ],
      ['medallion run --metrics-port 9464', 'with metrics and health on this machine'],
      'medallion run --metrics-port 9464 --metrics-host 0.0.0.0',
    ],
    seeAlso: ['ingest', 'promote', 'archive', 'status', 'docs/operations.md'],
    usesKafka: true,
    options: {
      every: setting('promote.every', parseDuration),
      group: setting('kafka.group'),
      format: setting('kafka.format'),
      maxEventBytes: setting('ingest.max_event_bytes', parseCount),
      ...ENGINE,
      metricsPort: setting('metrics.port', parsePort),
      metricsHost: setting('metrics.host', String),
      ...group('Archive:', {
        olderThan: setting('archive.older_than', parseDuration),
        to: setting('archive.to', String),
      }),
      ...RETRY,
    },
    run: async (context, flags, _args, called) => {
      const { engine, chunkRows, memoryLimit, threads, maxEventBytes, retryFor } = flags;
      const { every: everyMs, metricsPort: port, metricsHost: host } = flags;
      const { olderThan: olderThanMs } = flags;
      // Said anywhere else it holds for the runs that do answer.
      if (port === undefined && called.getOptionValueSource('metricsHost') === 'cli') {
        throw usageError('--metrics-host works only with --metrics-port');
      }
      await run(context.config, {
        ...context.call,
        ...{ engine, chunkRows, memoryLimit, threads, maxEventBytes, retryFor, everyMs },
        metrics: port === undefined ? undefined : { host, port },
        archive:
          olderThanMs === undefined
            ? undefined
            : {
                ...{ olderThanMs, to: archivePlace(flags.to, context.cwd) },
                onArchived: (result, before) => context.note(archivedText(result, before)),
              },
        onPromoted: (result) => {
          warnOfChecks(result, context);
          context.note(promotedLine(result));
        },
        onEnd: (totals) =>
          context.writeText(hanging(summary(totals), context.width), () => totalsTable(totals)),
      });
    },
  },
);

function promotedLine({ silver, gold, seconds }: PromoteResult): string {
  const events = counted(silver?.events ?? 0, 'event');
  const days = counted(gold?.days.length ?? 0, 'day');
  return `promoted ${events}, ${days} of gold in ${seconds.toFixed(1)} s`;
}

function summary(totals: RunTotals): string {
  const { source, ingested, promotions, transactions } = totals;
  return [
    ...(ingested === undefined ? [] : [ingestedSummary(ingested, source).trimEnd()]),
    `${counted(promotions, 'promotion')}: ${counted(transactions, 'transaction')} written`,
    `  ${leftOutText(totals)}`,
    `  ${counted(totals.days, 'day')} of gold published, ${grouped(totals.restated)} of them restated`,
    '',
  ].join('\n');
}

/** One row; what ingest has done is null where it failed. */
function totalsTable({ ingested, rejected, seconds, ...totals }: RunTotals): ResultTable {
  const columns = {
    ...quantities('events', 'bytes', 'quarantinedByIngest', 'promotions', 'transactions'),
    ...quantities('duplicates', 'superseded', 'skipped', 'quarantinedBySilver'),
    ...quantities('days', 'restated', 'seconds'),
  };
  return resultOf(columns, [
    {
      ...{ ...totals, events: ingested?.events, bytes: ingested?.bytes },
      quarantinedByIngest:
        ingested && Object.values(ingested.quarantined).reduce((sum, events) => sum + events, 0),
      ...{ quarantinedBySilver: rejected, seconds: Math.round(seconds * 10) / 10 },
    },
  ]);
}
