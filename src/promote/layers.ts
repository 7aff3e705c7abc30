import { DEFAULT_REPORTING } from '../config/reporting.ts';
import type { Engine } from '../engine/engine.ts';
import { onDemand, type EngineOnDemand } from '../engine/on-demand.ts';
import { MedallionError, throwIfInterrupted } from '../errors.ts';
import { readsBeyondDays } from '../model/days.ts';
import type { Models } from '../model/load.ts';
import { PERIOD_COLUMN, type Model } from '../model/model.ts';
import { counted } from '../number.ts';
import { readArchiveFiles } from '../postgres/archive.ts';
import type { Client } from '../postgres/client.ts';
import { lockQuarantine } from '../postgres/lock.ts';
import { readBacklogs, readNextKey } from '../postgres/watermarks.ts';
import type { StageContext } from '../progress.ts';
import { ALWAYS, readAllDays, readStaleDates, tablesByDay, markStale } from './days.ts';
import { Deltas } from './deltas.ts';
import { endFill, haveDeferred, planDeferred } from './fill.ts';
import { promoteGold, type GoldResult } from './gold.ts';
import { readRefreshes, type Refreshes } from './refreshes.ts';
import {
  endRefresh,
  isRefreshing,
  prepareTables,
  refuseHalfRefreshed,
  type Prepared,
} from './refresh.ts';
import { warnOfRejections } from './rejections.ts';
import { planReplay, prepareReplay, readReplay, type ReplayResult } from './replay.ts';
import { withReaders } from './selection.ts';
import { cutAhead, inOrder, planBacklog, type BatchOptions, type BatchQueue } from './batches.ts';
import { promoteSilver } from './silver.ts';
import { mappingReport, readMappings, requireSources, type Mappings } from './topic-sources.ts';
import type { GoldOptions, LayerOptions, Run } from './run.ts';
import type { SilverResult } from './tally.ts';

export interface LayerResults {
  readonly silver: SilverResult | undefined;
  /** What became of the events that were to be judged again. */
  readonly replay: ReplayResult | undefined;
  readonly gold: GoldResult | undefined;
}

/**
 * Promotes the layers that are asked for, one after the other.
 * @throws MedallionError check_failed, model, usage, interrupted
 */
export async function promoteLayers(
  run: Run,
  openEngine: () => Promise<Engine>,
): Promise<LayerResults> {
  const { runId, client, models, options, context } = run;
  const engine = onDemand(openEngine);
  let hasFailed = true;
  try {
    const refreshes = await readRefreshes(client, options.gold ? models.gold : [], options.every);
    const isIdle = !(await isWaiting(client, options, refreshes));
    if (!isIdle) {
      // It starts while the warehouse is looked at, which changes nothing before it is there.
      engine.start();
    }
    const ready = (): Promise<unknown> => readyFor(client, engine, options);
    const takesBronze = options.silver && options.replay === undefined && !isIdle;
    const prepared = await prepareTables(
      client,
      models,
      { ...options, takesBronze, isIdle },
      runId,
      ready,
      context,
    );
    await run.onTables?.();
    // What this run does not add itself: silver may hold more of these days than gold has seen.
    const stale = prepared.isSilverEmptied ? [] : await readStaleDates(client, ALWAYS);
    const deltas = new Deltas(models.silver, models.gold);
    let silver: SilverResult | undefined;
    let replay: ReplayResult | undefined;
    let gold: GoldResult | undefined;
    if (options.silver && isIdle) {
      silver = run.tally.silver;
    } else if (options.silver) {
      silver = await asStep(
        context,
        'silver',
        async () => {
          const mappings = await readMappings(client, options.sources ?? new Map());
          const silverRun = {
            ...run,
            onCommitted: mappingReport(mappings, context),
            models: models.silver,
            staleByLosers: beyondDays(models).length > 0,
          };
          const promoteBatches = async (isFilling: boolean): Promise<SilverResult> =>
            promoteSilver(
              { ...silverRun, isFilling },
              engine,
              await planBatches(client, options, mappings, runId, engine.ready),
              options.gold ? deltas : undefined,
            );
          if (!prepared.isFilling) {
            return promoteBatches(false);
          }
          const filled = await promoteBatches(true);
          throwIfInterrupted(context.signal);
          await asStep(
            context,
            'keys',
            () => endFill(client, models.silver),
            () => 'of silver',
          );
          return (await haveDeferred(client)) ? promoteBatches(false) : filled;
        },
        ({ events }) => counted(events, 'event'),
      );
      await warnOfRejections(client, runId, silver.rejected, context);
    }
    if (context.signal.aborted) {
      throw new MedallionError('interrupted', 'interrupted');
    }
    if (options.replay !== undefined) {
      replay = await readReplay(client, options.replay, [...(run.earlierRuns ?? []), runId]);
    } else if (options.silver) {
      await endRefresh(client);
    }
    if (options.gold) {
      await refuseHalfRefreshed(client);
      gold = await promoteMarts(run, engine, prepared, { stale, deltas, refreshes });
    }
    hasFailed = false;
    return { silver, replay, gold };
  } finally {
    await engine.close(hasFailed);
  }
}

/** Until the engine is there and, where silver is emptied, can read all that it is to be filled with again. */
async function readyFor(
  client: Client,
  engine: EngineOnDemand,
  { silver, fullRefresh, select }: LayerOptions,
): Promise<void> {
  await engine.ready();
  const archive =
    silver && fullRefresh && select.length === 0 ? await readArchiveFiles(client) : [];
  if (archive.length > 0) {
    const session = await engine.openSession();
    await session.checkArchive(archive).finally(() => session.close());
  }
}

async function isWaiting(
  client: Client,
  options: LayerOptions,
  { overdue }: Refreshes,
): Promise<boolean> {
  return (
    overdue.size > 0 ||
    options.fullRefresh ||
    options.replay !== undefined ||
    (options.silver && ((await readBacklogs(client)).length > 0 || (await haveDeferred(client)))) ||
    (options.gold && (await readStaleDates(client, options.span)).length > 0)
  );
}

async function asStep<T>(
  context: StageContext,
  step: string,
  work: () => Promise<T>,
  detailOf: (result: T) => string,
): Promise<T> {
  context.emit({ type: 'step.started', step });
  const result = await work();
  context.emit({ type: 'step.finished', step, detail: detailOf(result) });
  return result;
}

/** The marts that are made again, and then every mart for the days that changed. */
async function promoteMarts(
  run: Run,
  engine: Engine,
  { schemaChanges, emptied }: Prepared,
  {
    stale,
    deltas,
    refreshes: { later, overdue },
  }: {
    readonly stale: readonly string[];
    readonly deltas: Deltas;
    readonly refreshes: Refreshes;
  },
): Promise<GoldResult> {
  const { client, models, options, context } = run;
  const promoteDays = async (
    goldOptions: Pick<
      GoldOptions,
      'marts' | 'days' | 'stale' | 'emptied' | 'clear' | 'schemaChanges'
    > &
      Partial<Pick<GoldOptions, 'isOverdue' | 'later'>>,
  ): Promise<GoldResult> => {
    const { days } = goldOptions;
    const published = new Set(days);
    const current = await readStaleDates(client, ALWAYS);
    const left = [...goldOptions.stale, ...current.filter((day) => !published.has(day))];
    const publish = (): Promise<GoldResult> =>
      promoteGold(engine, {
        ...run,
        options: { deltas, left, isOverdue: false, later: new Set(), ...goldOptions },
      });
    return days.length === 0
      ? publish()
      : asStep(context, 'gold', publish, () => counted(days.length, 'day'));
  };
  // They may say something else of days whose facts are the same.
  const byPeriod = beyondDays(models).filter(({ load }) => PERIOD_COLUMN[load] !== undefined);
  if (byPeriod.length > 0 && (await readStaleDates(client, ALWAYS)).length > 0) {
    await markStale(client, ALWAYS, tablesByDay(models.gold, schemaChanges));
  }
  if (options.select.length === 0) {
    // A table that is made again needs the rows of all its days.
    const days = await readStaleDates(client, schemaChanges.size > 0 ? ALWAYS : options.span);
    const published = new Set(days);
    const isWanted = ({ id }: Model): boolean =>
      days.length === 0 && schemaChanges.size === 0
        ? overdue.has(id)
        : !later.has(id) || emptied.has(id);
    return promoteDays({
      marts: models.gold.filter(isWanted),
      ...{ days, stale: stale.filter((day) => published.has(day)) },
      ...{ emptied, clear: true, schemaChanges, later, isOverdue: overdue.size > 0 },
    });
  }
  const marts = withReaders(models.gold, options.select);
  const all = await readAllDays(client, tablesByDay(marts, schemaChanges));
  const made = await promoteDays({
    marts,
    days: all,
    stale: all,
    emptied,
    clear: false,
    schemaChanges,
  });
  const days = await readStaleDates(client, options.span);
  // The marts that were made again hold what this run has added: nothing of it is added twice where all is whole.
  const changed = await promoteDays({
    ...{ marts: models.gold, days, stale: days },
    ...{ emptied: new Set(), clear: true, schemaChanges: new Map() },
  });
  return {
    days: [...new Set([...made.days, ...changed.days])].sort(),
    restated: changed.days.length === 0 ? made.restated : changed.restated,
  };
}

/** Marts that what happens on one day may change on any other. */
function beyondDays({ silver, gold }: Models): Model[] {
  return gold.filter((mart) => readsBeyondDays(mart, [...silver, ...gold]));
}

async function planBatches(
  client: Client,
  { replay, chunkRows, batchBytes, reporting = DEFAULT_REPORTING }: LayerOptions,
  mappings: Mappings,
  runId: bigint,
  ready: () => Promise<unknown>,
): Promise<BatchQueue> {
  const keys = { next: await readNextKey(client) };
  const { sourceOf } = mappings;
  const options: BatchOptions = { reporting, runId, keys, chunkRows, batchBytes, sourceOf };
  if (replay !== undefined) {
    await ready();
    await prepareReplay(client, replay, sourceOf, runId);
    return cutAhead(client, planReplay(client, replay, options));
  }
  const backlogs = await readBacklogs(client);
  requireSources(mappings, backlogs);
  // What is judged again may be in the quarantine.
  if (await isRefreshing(client)) {
    await lockQuarantine(client, 'connection');
  }
  return cutAhead(
    client,
    inOrder(planDeferred(client, options), planBacklog(client, backlogs, options)),
  );
}
