import type { Engine } from '../engine/engine.ts';
import { onDemand } from '../engine/on-demand.ts';
import { MedallionError } from '../errors.ts';
import { readsBeyondDays } from '../model/days.ts';
import type { Models } from '../model/load.ts';
import { PERIOD_COLUMN, type Model } from '../model/model.ts';
import { counted } from '../number.ts';
import type { Client } from '../postgres/client.ts';
import { lockQuarantine } from '../postgres/lock.ts';
import { readBacklogs } from '../postgres/watermarks.ts';
import type { StageContext } from '../progress.ts';
import type { CheckTally } from './checks.ts';
import {
  ALWAYS,
  readAllDays,
  readTouchedDays,
  tablesByDay,
  touchDays,
  type DaySpan,
} from './days.ts';
import { promoteGold, type GoldOptions, type GoldResult } from './gold.ts';
import {
  endRefresh,
  isRefreshing,
  prepareTables,
  refuseHalfRefreshed,
  type Reshapes,
} from './refresh.ts';
import { warnOfRejections } from './rejections.ts';
import {
  planReplay,
  prepareReplay,
  readReplay,
  type ReplayOptions,
  type ReplayResult,
} from './replay.ts';
import { KeptFacts } from './kept.ts';
import { withReaders } from './selection.ts';
import { cutAhead, planBacklog, type WindowOptions, type WindowQueue } from './windows.ts';
import { promoteSilver } from './silver.ts';
import type { ModelTally, SilverResult } from './tally.ts';

/** What a promotion is asked to do. */
export interface LayerOptions {
  readonly silver: boolean;
  readonly gold: boolean;
  /** Make the layers again from what lies below them. */
  readonly fullRefresh: boolean;
  /** Marts that alone are made again with a full refresh, by their ids, and with them those that read them. */
  readonly select: readonly string[];
  /** Promote these events, which silver refused, in place of what is new in bronze. */
  readonly replay?: ReplayOptions;
  /** With `fullRefresh`: also when events of silver were pruned from bronze, and are lost by it. */
  readonly evenPruned: boolean;
  /** Days of gold to publish, changed or not; open at both ends it means all that changed. */
  readonly span: DaySpan;
  /** Events in one window of silver, at most. */
  readonly chunkRows: number;
  /** Bytes of their text, at most; what an engine can take depends on its memory. */
  readonly windowBytes: number;
}

export interface LayerResults {
  readonly silver: SilverResult | undefined;
  /** What became of the events that were to be judged again. */
  readonly replay: ReplayResult | undefined;
  readonly gold: GoldResult | undefined;
}

/** A promotion at work. */
export interface Run {
  readonly runId: bigint;
  /** Runs of the same promotion that lost the warehouse, after some of the work. */
  readonly earlierRuns?: readonly bigint[];
  readonly client: Client;
  readonly models: Models;
  readonly options: LayerOptions;
  readonly context: StageContext;
  readonly tally: ModelTally;
  readonly checks: CheckTally;
  /** Told when the tables are as their models say, before a row of them changes. */
  readonly onTables?: () => Promise<void>;
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
  try {
    const isIdle = !(await isWaiting(client, options));
    if (!isIdle) {
      // It starts while the warehouse is looked at, which changes nothing before it is there.
      engine.start();
    }
    const reshapes = await prepareTables(client, models, options, runId, engine.ready, context);
    await run.onTables?.();
    const kept = options.gold ? new KeptFacts(models.silver, models.gold) : undefined;
    let silver: SilverResult | undefined;
    let replay: ReplayResult | undefined;
    let gold: GoldResult | undefined;
    if (options.silver && isIdle) {
      silver = run.tally.silver;
    } else if (options.silver) {
      silver = await asStep(
        context,
        'silver',
        async () =>
          promoteSilver(
            {
              ...run,
              models: models.silver,
              staleByLosers: beyondDays(models).length > 0,
            },
            engine,
            await planWindows(client, options, runId, engine.ready),
            kept,
          ),
        ({ events }) => counted(events, 'event'),
      );
      await warnOfRejections(client, runId, silver.refused, context);
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
      gold = await promoteMarts(run, engine, reshapes, kept);
    }
    return { silver, replay, gold };
  } finally {
    await engine.close();
  }
}

/** Whether there is anything to promote, or to make again. */
async function isWaiting(client: Client, options: LayerOptions): Promise<boolean> {
  return (
    options.fullRefresh ||
    options.replay !== undefined ||
    (options.silver && (await readBacklogs(client)).length > 0) ||
    (options.gold && (await readTouchedDays(client, options.span)).length > 0)
  );
}

/** Tells that a layer is at work, and what came of it. */
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
  { runId, client, models, options, context, tally, checks }: Run,
  engine: Engine,
  reshapes: Reshapes,
  kept: KeptFacts | undefined,
): Promise<GoldResult> {
  const promoteDays = async (
    goldOptions: Omit<GoldOptions, 'runId' | 'kept'>,
  ): Promise<GoldResult> => {
    const publish = (): Promise<GoldResult> =>
      promoteGold(engine, client, models, { runId, kept, ...goldOptions }, tally, checks, context);
    return goldOptions.days.length === 0
      ? publish()
      : asStep(context, 'gold', publish, ({ days }) => counted(days.length, 'day'));
  };
  // They may say something else of days whose facts are the same.
  const byPeriod = beyondDays(models).filter(({ load }) => PERIOD_COLUMN[load] !== undefined);
  if (byPeriod.length > 0 && (await readTouchedDays(client, ALWAYS)).length > 0) {
    await touchDays(client, ALWAYS, tablesByDay(models.gold, reshapes));
  }
  if (options.select.length === 0) {
    // A table that is made again needs the rows of all its days.
    const days = await readTouchedDays(client, reshapes.size > 0 ? ALWAYS : options.span);
    return promoteDays({ marts: models.gold, days, clear: true, reshapes });
  }
  const marts = withReaders(models.gold, options.select);
  const made = await promoteDays({
    marts,
    days: await readAllDays(client, tablesByDay(marts, reshapes)),
    clear: false,
    reshapes,
  });
  const days = await readTouchedDays(client, options.span);
  const touched = await promoteDays({
    marts: models.gold,
    days,
    clear: true,
    reshapes: new Map(),
  });
  return {
    days: [...new Set([...made.days, ...touched.days])].sort(),
    restated: touched.days.length === 0 ? made.restated : touched.restated,
  };
}

/** Marts that what happens on one day may change on any other. */
function beyondDays({ silver, gold }: Models): Model[] {
  return gold.filter((mart) => readsBeyondDays(mart, [...silver, ...gold]));
}

/** What silver is to judge in this run. */
async function planWindows(
  client: Client,
  { replay, chunkRows, windowBytes }: LayerOptions,
  runId: bigint,
  ready: () => Promise<unknown>,
): Promise<WindowQueue> {
  const options: WindowOptions = { runId, chunkRows, windowBytes };
  if (replay !== undefined) {
    await ready();
    await prepareReplay(client, replay, runId);
    return cutAhead(planReplay(client, replay, options));
  }
  // What is judged again may be in the quarantine.
  if (await isRefreshing(client)) {
    await lockQuarantine(client, 'connection');
  }
  return cutAhead(planBacklog(client, options));
}
