import type { Command } from 'commander';
import { archivePlace } from '../../app/archive.ts';
import { run, type RunRequest, type RunTotals } from '../../app/run.ts';
import { MedallionError } from '../../errors.ts';
import { counted, grouped } from '../../number.ts';
import type { ResultTable } from '../../postgres/query.ts';
import type { PromoteResult } from '../../promote/promote.ts';
import type { CommandContext } from '../context.ts';
import { command, type Manual } from '../help.ts';
import { parseCount, parsedSetting, parseDuration, parsePort, settingOption } from '../options.ts';
import { ingestedSummary } from '../render/ingested.ts';
import { warnOfChecks } from '../render/promotion-view.ts';
import { resultOf } from '../render/result.ts';
import { hanging } from '../render/wrap.ts';
import type { RunCommand } from '../run-command.ts';
import { archivedText } from './archive.ts';
import { addEngineFlags } from './promote.ts';

interface RunFlags extends Omit<
  RunRequest,
  'everyMs' | 'metrics' | 'archive' | 'onPromoted' | 'onEnd'
> {
  /** Milliseconds. */
  readonly every: number;
  readonly metricsPort?: number;
  readonly metricsHost: string;
  /** Milliseconds. */
  readonly olderThan?: number;
  readonly to?: string;
}

const MANUAL: Manual = {
  details: `
This is "ingest --follow" and "promote --watch" in one process, with the same
records of runs. Stopped by SIGINT or SIGTERM it commits the batch in hand,
finishes a promotion that has begun, and says what it did; a second signal ends
it at once, and nothing is lost by that. When one of the two fails for good, the
other ends in the same way. A Kafka topic that is not there yet is waited for.

With --older-than and --to (archive.older_than, archive.to) it archives once a
day between two promotions; where that fails it warns and tries again after an
hour.

With --metrics-port it answers /metrics for Prometheus, /healthz (200 while the
process lives) and /readyz (200 while warehouse and log answer, ingest runs and
promotions come to their end; else 503, and why).`,
  examples: [
    ['medallion run', 'from Kafka or the landing directory, until stopped'],
    [
      'medallion run --every 1m --retry-for 30m',
      'wait for services that are away, also at the start',
    ],
    ['medallion run --metrics-port 9464', 'with metrics and health on this machine'],
    'medallion run --metrics-port 9464 --metrics-host 0.0.0.0',
  ],
  seeAlso: ['ingest', 'promote', 'archive', 'status', 'docs/operations.md'],
};

const ARCHIVE = 'Archive:';

export function createRunCommand(runWith: RunCommand): Command {
  const pipeline = command(
    'run',
    'ingest and promote in one process until stopped, with metrics and health checks if wanted',
    MANUAL,
  )
    .addOption(parsedSetting('promote.every', parseDuration))
    .addOption(settingOption('kafka.group'))
    .addOption(settingOption('kafka.format'))
    .addOption(parsedSetting('ingest.max_event_bytes', parseCount));
  return addEngineFlags(pipeline)
    .addOption(parsedSetting('metrics.port', parsePort))
    .addOption(parsedSetting('metrics.host', String))
    .addOption(parsedSetting('archive.older_than', parseDuration).helpGroup(ARCHIVE))
    .addOption(parsedSetting('archive.to', String).helpGroup(ARCHIVE))
    .action(
      runWith(async (context: CommandContext, flags: RunFlags) => {
        // Said anywhere else it holds for the runs that do answer.
        const isHostGiven = pipeline.getOptionValueSource('metricsHost') === 'cli';
        if (flags.metricsPort === undefined && isHostGiven) {
          throw new MedallionError('usage', '--metrics-host goes with --metrics-port');
        }
        await runPipeline(context, flags);
      }),
    );
}

async function runPipeline(context: CommandContext, flags: RunFlags): Promise<void> {
  const {
    engine,
    chunkRows,
    memoryLimit,
    threads,
    maxEventBytes,
    retryFor,
    metricsPort: port,
  } = flags;
  const { olderThan } = flags;
  await run(context.config, {
    ...context.call,
    ...{ engine, chunkRows, memoryLimit, threads, maxEventBytes, retryFor, everyMs: flags.every },
    metrics: port === undefined ? undefined : { host: flags.metricsHost, port },
    archive:
      olderThan === undefined
        ? undefined
        : {
            ...{ olderThanMs: olderThan, to: archivePlace(flags.to, context.cwd) },
            onArchived: (result, before) =>
              context.emit({ type: 'note', message: archivedText(result, before) }),
          },
    onPromoted: (result) => {
      warnOfChecks(result, context);
      context.emit({ type: 'note', message: promotedLine(result) });
    },
    onEnd: (totals) =>
      context.format === undefined
        ? context.write(hanging(summary(totals), context.width))
        : context.writeRows(totalsTable(totals)),
  });
}

function promotedLine({ silver, gold, seconds }: PromoteResult): string {
  const events = counted(silver?.events ?? 0, 'event');
  const days = counted(gold?.days.length ?? 0, 'day');
  return `promoted ${events}, ${days} of gold in ${seconds.toFixed(1)} s`;
}

function summary(totals: RunTotals): string {
  const { source, ingested, promotions, transactions, duplicates, superseded, refused } = totals;
  return [
    ...(ingested === undefined ? [] : [ingestedSummary(ingested, source).trimEnd()]),
    `${counted(promotions, 'promotion')}: ${counted(transactions, 'transaction')} written`,
    `  ${counted(duplicates, 'duplicate')}, ${grouped(superseded)} superseded, ${grouped(refused)} quarantined`,
    `  ${counted(totals.days, 'day')} of gold published, ${grouped(totals.restated)} of them restated`,
    '',
  ].join('\n');
}

/** One row; what ingest has done is null where it failed. */
function totalsTable({ ingested, refused, seconds, ...totals }: RunTotals): ResultTable {
  return resultOf(
    {
      events: 'quantity',
      bytes: 'quantity',
      quarantined_by_ingest: 'quantity',
      promotions: 'quantity',
      transactions: 'quantity',
      duplicates: 'quantity',
      superseded: 'quantity',
      quarantined_by_silver: 'quantity',
      days: 'quantity',
      restated: 'quantity',
      seconds: 'quantity',
    },
    [
      {
        ...{ ...totals, events: ingested?.events, bytes: ingested?.bytes },
        quarantined_by_ingest:
          ingested && Object.values(ingested.quarantined).reduce((sum, events) => sum + events, 0),
        ...{ quarantined_by_silver: refused, seconds: Math.round(seconds * 10) / 10 },
      },
    ],
  );
}
