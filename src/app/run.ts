import { ingest, type IngestResult } from '../bronze/ingest.ts';
import type { Config } from '../config.ts';
import { inspectExtension } from '../engine/duckdb/inspect.ts';
import type { StageContext } from '../progress.ts';
import type { PromoteResult } from '../promote/promote.ts';
import { status } from '../query/status.ts';
import type { RetryPolicy } from '../retry.ts';
import { archiveDaily, type DailyArchive } from './archive.ts';
import type { Sources } from '../source/mapping.ts';
import { loadSources } from '../source/read.ts';
import { contextOf, withOpen, type CallOptions, type OpenWarehouse } from './call.ts';
import { checkEventLimit, openConfiguredLog, type IngestInput } from './ingest.ts';
import type { Monitor } from './monitor.ts';
import { checkEngine, hasWork, withPromotions, type PromoteRequest } from './promote.ts';
import { onSchedule } from './schedule.ts';
import { together } from './together.ts';

export interface RunRequest
  extends CallOptions, Pick<PromoteRequest, 'engine' | 'chunkRows' | 'memoryLimit' | 'threads'> {
  /** How long promotions wait in between, from start to start. */
  readonly everyMs: number;
  readonly maxEventBytes?: number | undefined;
  /** Where metrics and health are answered; nowhere when left out. */
  readonly metrics?: { readonly host: string; readonly port: number } | undefined;
  /** What is archived between promotions; nothing when left out. */
  readonly archive?: DailyArchive | undefined;
  readonly retryFor: RetryPolicy;
  /** A promotion that had something to do. */
  readonly onPromoted: (result: PromoteResult) => void;
  /** The end, whatever it is: what was done by then. */
  readonly onEnd: (totals: RunTotals) => Promise<void>;
}

const NO_COUNTS = {
  ...{ promotions: 0, transactions: 0, duplicates: 0, superseded: 0, skipped: 0, rejected: 0 },
  ...{ days: 0, restated: 0 },
};

/** What ingest and promotions of a run have done. */
export type RunTotals = typeof NO_COUNTS & {
  /** What was read, in words. */
  readonly source: string;
  /** Undefined where ingest failed. */
  ingested: IngestResult | undefined;
  seconds: number;
};

/**
 * Ingests and promotes in one process until the signal.
 * @throws MedallionError config, unreachable, denied, input, model; what failed for good
 */
export async function run(config: Config, request: RunRequest): Promise<void> {
  checkEngine(request);
  checkEventLimit(request.maxEventBytes);
  const given = contextOf(request);
  const failed = new AbortController();
  const context = { ...given, signal: AbortSignal.any([given.signal, failed.signal]) };
  const work = (monitor?: Monitor): Promise<void> =>
    runPipeline(config, request, () => failed.abort(), context, monitor);
  if (request.metrics === undefined) {
    await work();
    return;
  }
  // Loaded where it is wanted: every command would start later for it.
  const { Monitor: Monitors } = await import('./monitor.ts');
  await Monitors.during({ ...request.metrics, everyMs: request.everyMs }, context, work);
}

async function runPipeline(
  config: Config,
  request: RunRequest,
  stop: () => void,
  context: StageContext,
  monitor: Monitor | undefined,
): Promise<void> {
  const { signal } = context;
  const { retryFor: retryPolicy } = request;
  const startedAt = performance.now();
  const work = async (warehouse: OpenWarehouse): Promise<void> => {
    // What promotions need is fetched now, or missed now: not when events have come in.
    await inspectExtension('postgres', config.duckdb, context);
    // A service starts in any order with what it reads from; who wants an end to the waiting says so.
    const topicWaitMs = retryPolicy.atStart ? retryPolicy.forMs : Number.POSITIVE_INFINITY;
    const sources = loadSources(config.project);
    const input = await openConfiguredLog(config, request, context, topicWaitMs);
    const announceStop = (): void =>
      context.emit({
        type: 'note',
        message: 'stopping when the work in progress is done; a second signal stops at once',
      });
    signal.addEventListener('abort', announceStop, { once: true });
    const looking = monitor?.watch(() => status(warehouse.settings, config, context), signal);
    const totals: RunTotals = {
      ...NO_COUNTS,
      ...{ source: input.reader.description, ingested: undefined, seconds: 0 },
    };
    try {
      await together(
        [
          () => ingestAll({ ...input, sources }, warehouse, request, totals, monitor),
          () => promoteOnSchedule(warehouse, request, totals, monitor),
        ],
        stop,
        context,
      );
    } finally {
      await looking;
      totals.seconds = (performance.now() - startedAt) / 1000;
      await request.onEnd(totals);
    }
  };
  await withOpen(config, { ...request, signal, onEvent: context.emit }, work);
}

async function ingestAll(
  { reader, decoder, sources }: IngestInput & { readonly sources: Sources },
  { settings, retry, context }: OpenWarehouse,
  { maxEventBytes, arguments: commandLine = [] }: RunRequest,
  totals: RunTotals,
  monitor: Monitor | undefined,
): Promise<void> {
  const following = (): Promise<IngestResult> =>
    ingest(
      reader,
      settings,
      {
        ...{ retry, arguments: commandLine, follow: true, decoder, maxEventBytes, sources },
        onWritten: (tally) => monitor?.metrics.written(tally),
      },
      context,
    );
  totals.ingested = await (monitor === undefined ? following() : monitor.ingest(following));
}

async function promoteOnSchedule(
  warehouse: OpenWarehouse,
  request: RunRequest,
  totals: RunTotals,
  monitor: Monitor | undefined,
): Promise<void> {
  const { context } = warehouse;
  // A promotion that has begun is finished; while it waits for a lost server, `retry` hears the interruption.
  const promoting: StageContext = {
    signal: new AbortController().signal,
    // Steps of a promotion every few seconds would be in the way of what ingest says.
    emit: (event) => event.type.startsWith('step.') || context.emit(event),
  };
  const apart = { ...warehouse, context: promoting };
  const { archive, arguments: commandLine = [] } = request;
  await withPromotions(apart, request, async (once, lendEngine) => {
    const archiveIfDue = await archiveDaily(apart, lendEngine, archive, commandLine);
    const promotion = (): Promise<PromoteResult> =>
      once({
        every: 'due mart',
        ...(monitor === undefined
          ? {}
          : { onPublished: (tally) => monitor.metrics.published(tally) }),
      });
    return onSchedule(request.everyMs, context, async () => {
      const result = await (monitor === undefined ? promotion() : monitor.promotion(promotion));
      count(totals, result);
      if (hasWork(result)) {
        request.onPromoted(result);
      }
      await archiveIfDue();
    });
  });
}

function count(totals: RunTotals, { silver, gold }: PromoteResult): void {
  totals.promotions += 1;
  totals.transactions += silver?.written ?? 0;
  totals.duplicates += silver?.duplicates ?? 0;
  totals.superseded += silver?.superseded ?? 0;
  totals.skipped += silver?.skipped ?? 0;
  totals.rejected += silver?.rejected ?? 0;
  totals.days += gold?.days.length ?? 0;
  totals.restated += gold?.restated ?? 0;
}
