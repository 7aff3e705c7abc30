import { Command } from 'commander';
import { inspectExtension } from '../../engine/duckdb/inspect.ts';
import type { Engine } from '../../engine/engine.ts';
import { MedallionError } from '../../errors.ts';
import { ingest, type IngestResult } from '../../bronze/ingest.ts';
import { status } from '../../inspect/status.ts';
import type { LogReader } from '../../log/log.ts';
import { openLog } from '../../log/open.ts';
import type { ConnectionSettings } from '../../postgres/client.ts';
import { archive, DEFAULT_FILE_ROWS, lastArchived } from '../../maintain/archive.ts';
import { withWarehouse } from '../../postgres/warehouse.ts';
import type { PromoteResult } from '../../promote/promote.ts';
import type { ProgressEvent } from '../../progress.ts';
import type { Retry, RetryPolicy } from '../../retry.ts';
import type { CommandContext } from '../context.ts';
import { manual } from '../help.ts';
import type { RunCommand } from '../run-command.ts';
import type { Monitor } from '../monitor.ts';
import { parseCount, parsedSetting, parseDuration, parsePort, settingOption } from '../options.ts';
import { ingestedSummary } from '../render/ingested.ts';
import { counted, grouped } from '../../number.ts';
import type { ResultTable } from '../render/output.ts';
import { warnOfChecks } from '../render/promotion-view.ts';
import { hanging } from '../render/wrap.ts';
import { onSchedule } from '../schedule.ts';
import { together } from '../together.ts';
import { archivedText, archivePlace, momentBefore } from './archive.ts';
import { checkEventLimit } from './ingest.ts';
import {
  addEngineFlags,
  checkEngineFlags,
  hasWork,
  withPromotions,
  type PromoteFlags,
} from './promote.ts';

interface RunFlags extends Pick<PromoteFlags, 'chunkRows' | 'memoryLimit' | 'threads' | 'every'> {
  readonly maxEventBytes?: number;
  readonly metricsPort?: number;
  readonly metricsHost: string;
  readonly retryFor: RetryPolicy;
  /** Milliseconds. */
  readonly olderThan?: number;
  readonly to?: string;
}

const MANUAL = manual({
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
});

const ARCHIVE = 'Archive:';

export function createRunCommand(run: RunCommand): Command {
  const command = new Command('run');
  command
    .description(
      'ingest and promote in one process until stopped, with metrics and health checks if wanted',
    )
    .addOption(parsedSetting('promote.every', parseDuration))
    .addOption(settingOption('kafka.group'))
    .addOption(parsedSetting('ingest.max_event_bytes', parseCount));
  return addEngineFlags(command)
    .addOption(parsedSetting('metrics.port', parsePort))
    .addOption(parsedSetting('metrics.host', String))
    .addOption(parsedSetting('archive.older_than', parseDuration).helpGroup(ARCHIVE))
    .addOption(parsedSetting('archive.to', String).helpGroup(ARCHIVE))
    .addHelpText('after', MANUAL)
    .action(
      run(async (context: CommandContext, flags: RunFlags) => {
        // Said anywhere else it holds for the runs that do answer.
        const isHostGiven = command.getOptionValueSource('metricsHost') === 'cli';
        if (flags.metricsPort === undefined && isHostGiven) {
          throw new MedallionError('usage', '--metrics-host goes with --metrics-port');
        }
        await runCommand(context, flags);
      }),
    );
}

/** What the two have done, for the last word. */
interface Done {
  ingested?: IngestResult;
  promotions: number;
  transactions: number;
  duplicates: number;
  superseded: number;
  refused: number;
  days: number;
  restated: number;
}

async function runCommand(given: CommandContext, flags: RunFlags): Promise<void> {
  checkEngineFlags(flags);
  checkEventLimit(flags.maxEventBytes);
  const archiveTo = flags.olderThan === undefined ? undefined : archivePlace(flags.to, given.cwd);
  const failed = new AbortController();
  const signal = AbortSignal.any([given.signal, failed.signal]);
  const context: CommandContext = { ...given, signal };
  const work = async (monitor?: Monitor): Promise<void> =>
    runPipeline(() => failed.abort(), { ...flags, archiveTo }, context, monitor);
  if (flags.metricsPort === undefined) {
    await work();
    return;
  }
  // Loaded where it is wanted: every command would start later for it.
  const { Monitor: Monitors } = await import('../monitor.ts');
  const place = { host: flags.metricsHost, port: flags.metricsPort };
  await Monitors.during({ ...place, everyMs: flags.every }, context, work);
}

/** The flags, and where archived events go; nowhere unless asked for. */
type RunOptions = RunFlags & { readonly archiveTo: string | undefined };

async function runPipeline(
  stop: () => void,
  flags: RunOptions,
  context: CommandContext,
  monitor: Monitor | undefined,
): Promise<void> {
  const { signal } = context;
  const { retryFor: retryPolicy } = flags;
  const startedAt = performance.now();
  const work = async (settings: ConnectionSettings, retry: Retry): Promise<void> => {
    // What promotions need is fetched now, or missed now: not when events have come in.
    await inspectExtension('postgres', context.config.duckdb, context);
    // A service starts in any order with what it reads from; who wants an end to the waiting says so.
    const topicWaitMs = retryPolicy.atStart ? retryPolicy.forMs : Number.POSITIVE_INFINITY;
    const log = openLog(context.config, context);
    const reader = await log.read({ retryPolicy, topicWaitMs });
    const tellStop = (): void =>
      context.emit({
        type: 'note',
        message: 'stopping: what has begun is finished; a second signal ends it at once',
      });
    signal.addEventListener('abort', tellStop, { once: true });
    const looking = monitor?.watch(() => status(settings, context.config, context), signal);
    const done: Done = {
      ...{ promotions: 0, transactions: 0, duplicates: 0, superseded: 0, refused: 0 },
      ...{ days: 0, restated: 0 },
    };
    try {
      await together(
        [
          () => follow(reader, settings, retry, flags, context, done, monitor),
          () => promoteOnSchedule(settings, retry, flags, context, done, monitor),
        ],
        stop,
        context,
      );
    } finally {
      await looking;
      const seconds = (performance.now() - startedAt) / 1000;
      await (context.format === undefined
        ? context.write(hanging(summary(done, reader), context.width))
        : context.writeRows(doneTable(done, seconds)));
    }
  };
  await withWarehouse(context.config, context, work, { writes: true, retryPolicy });
}

async function follow(
  reader: LogReader,
  settings: ConnectionSettings,
  retry: Retry,
  flags: RunFlags,
  context: CommandContext,
  done: Done,
  monitor: Monitor | undefined,
): Promise<void> {
  const following = async (): Promise<IngestResult> =>
    ingest(
      reader,
      settings,
      {
        ...{ retry, arguments: context.commandLine, follow: true },
        ...(flags.maxEventBytes === undefined ? {} : { maxEventBytes: flags.maxEventBytes }),
        ...(monitor === undefined ? {} : { onWritten: (tally) => monitor.landed(tally) }),
      },
      context,
    );
  done.ingested = await (monitor === undefined ? following() : monitor.ingest(following));
}

async function promoteOnSchedule(
  settings: ConnectionSettings,
  retry: Retry,
  flags: RunOptions,
  context: CommandContext,
  done: Done,
  monitor: Monitor | undefined,
): Promise<void> {
  // A promotion that has begun is finished; while it waits for a lost server, `retry` hears the interruption.
  const promoting: CommandContext = {
    ...context,
    signal: new AbortController().signal,
    emit: (event) => isAboutSteps(event) || context.emit(event),
  };
  const { chunkRows, memoryLimit, threads } = flags;
  const engine = { chunkRows, memoryLimit, ...(threads === undefined ? {} : { threads }) };
  await withPromotions(settings, retry, engine, promoting, async (promoteOnce, lendEngine) => {
    const archiveIfDue = await daily(settings, lendEngine, flags, promoting);
    const promotion = (): Promise<PromoteResult> =>
      promoteOnce(engine, {
        every: 'due mart',
        ...(monitor === undefined ? {} : { onPublished: (tally) => monitor.published(tally) }),
      });
    return onSchedule(flags.every, context, async () => {
      const result = await (monitor === undefined ? promotion() : monitor.promotion(promotion));
      count(done, result);
      if (hasWork(result)) {
        warnOfChecks(result, context);
        context.emit({ type: 'note', message: promotedLine(result) });
      }
      await archiveIfDue();
    });
  });
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Files between two promotions: what is left waits for the next pause, and events for a few seconds at most. */
const FILES_AT_ONCE = 2;

/** What archives when a day has passed since the last time, by whatever process; a failure is a warning. */
async function daily(
  settings: ConnectionSettings,
  openEngine: () => Promise<Engine>,
  { olderThan, archiveTo }: RunOptions,
  context: CommandContext,
): Promise<() => Promise<void>> {
  if (olderThan === undefined || archiveTo === undefined) {
    return () => Promise.resolve();
  }
  let dueAt = ((await lastArchived(settings)) ?? -DAY_MS) + DAY_MS;
  return async () => {
    if (Date.now() < dueAt) {
      return;
    }
    const before = momentBefore(olderThan);
    const options = {
      ...{ before, archive: archiveTo, fileRows: DEFAULT_FILE_ROWS, maxFiles: FILES_AT_ONCE },
      ...{ arguments: context.commandLine, holder: `run, process ${String(context.processId)}` },
    };
    try {
      const result = await archive(settings, openEngine, options, context);
      dueAt = result.isComplete ? Date.now() + DAY_MS : dueAt;
      if (result.partitions.length > 0) {
        context.emit({ type: 'note', message: archivedText(result, before) });
      }
    } catch (error) {
      if (!(error instanceof MedallionError) || error.code === 'interrupted') {
        throw error;
      }
      dueAt = Date.now() + HOUR_MS;
      const { message, hint } = error;
      context.emit({ type: 'warning', message, ...(hint === undefined ? {} : { hint }) });
    }
  };
}

/** Steps of a promotion every few seconds would be in the way of what ingest says. */
function isAboutSteps({ type }: ProgressEvent): boolean {
  return type.startsWith('step.');
}

function count(done: Done, { silver, gold }: PromoteResult): void {
  done.promotions += 1;
  done.transactions += silver?.written ?? 0;
  done.duplicates += silver?.duplicates ?? 0;
  done.superseded += silver?.superseded ?? 0;
  done.refused += silver?.refused ?? 0;
  done.days += gold?.days.length ?? 0;
  done.restated += gold?.restated ?? 0;
}

function promotedLine({ silver, gold, seconds }: PromoteResult): string {
  const events = counted(silver?.events ?? 0, 'event');
  const days = counted(gold?.days.length ?? 0, 'day');
  return `promoted ${events}, ${days} of gold in ${seconds.toFixed(1)} s`;
}

function summary(done: Done, reader: LogReader): string {
  const { ingested, promotions, transactions, duplicates, superseded, refused } = done;
  return [
    ...(ingested === undefined ? [] : [ingestedSummary(ingested, reader).trimEnd()]),
    `${counted(promotions, 'promotion')}: ${counted(transactions, 'transaction')} written`,
    `  ${counted(duplicates, 'duplicate')}, ${grouped(superseded)} superseded, ${grouped(refused)} quarantined`,
    `  ${counted(done.days, 'day')} of gold published, ${grouped(done.restated)} of them restated`,
    '',
  ].join('\n');
}

/** One row; what ingest has done is null where it failed. */
function doneTable({ ingested, ...done }: Done, seconds: number): ResultTable {
  const figures: Readonly<Record<string, number | undefined>> = {
    events: ingested?.events,
    bytes: ingested?.bytes,
    quarantined_by_ingest:
      ingested && Object.values(ingested.quarantined).reduce((sum, events) => sum + events, 0),
    promotions: done.promotions,
    transactions: done.transactions,
    duplicates: done.duplicates,
    superseded: done.superseded,
    quarantined_by_silver: done.refused,
    days: done.days,
    restated: done.restated,
    seconds: Math.round(seconds * 10) / 10,
  };
  return {
    columns: Object.keys(figures).map((name) => ({ name, kind: 'number', isQuantity: true })),
    rows: [Object.values(figures).map((figure) => (figure === undefined ? null : String(figure)))],
  };
}
