import type { Engine, SilverWindow } from '../engine/engine.ts';
import { MedallionError, messageOf, withHint } from '../errors.ts';
import type { Models } from '../model/load.ts';
import {
  BROKEN,
  describeServer,
  isConnected,
  withClient,
  type Client,
  type ConnectionSettings,
} from '../postgres/client.ts';
import { lockQuarantine, withPromotionLock } from '../postgres/lock.ts';
import { closeKilledRuns, finishRun, saveDays, saveModels, startRun } from '../postgres/runs.ts';
import { tableOf } from '../postgres/tables.ts';
import type { StageContext } from '../progress.ts';
import { Outage } from '../retry.ts';
import { CheckTally, saveChecks, type CheckResult } from './checks.ts';
import { ALWAYS, readAllDays, readTouchedDays, type DaySpan } from './days.ts';
import { promoteGold, type GoldOptions, type GoldResult } from './gold.ts';
import {
  endRefresh,
  isRefreshing,
  prepareTables,
  refuseHalfRefreshed,
  type Reshapes,
} from './refresh.ts';
import {
  planReplay,
  prepareReplay,
  readReplay,
  type ReplayOptions,
  type ReplayResult,
} from './replay.ts';
import { withReaders } from './selection.ts';
import { KeptFacts } from './kept.ts';
import { planBacklog, promoteSilver, type SilverOptions, type SilverResult } from './silver.ts';
import { ModelTally, type ModelCounts } from './tally.ts';

export interface PromoteOptions {
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
  /** The command line for the run's record, secrets removed. */
  readonly arguments: readonly string[];
  /** Rides out the losses of the warehouse; one of its own unless given. */
  readonly outage?: Outage;
  /** How another promotion that finds this one running calls it. */
  readonly holder: string;
}

export interface PromoteResult {
  readonly runId: bigint;
  readonly silver: SilverResult | undefined;
  /** What became of the events that were to be judged again. */
  readonly replay: ReplayResult | undefined;
  readonly gold: GoldResult | undefined;
  readonly models: readonly ModelCounts[];
  readonly checks: readonly CheckResult[];
  readonly seconds: number;
}

/** What runs are called in the books. They share one lock. */
const PROMOTE = 'promote';
const REPLAY = 'quarantine replay';

/**
 * Promotes bronze to silver and silver to gold, whatever is new since the last time. One promotion runs at a time;
 * one that was killed is taken up by the next, after the last window that it committed, and so does one that lost
 * the warehouse by itself: with a new engine, a new lock and a run of its own, whose counts the result is.
 * @throws MedallionError locked, check_failed, model, unreachable, interrupted
 */
export async function promote(
  settings: ConnectionSettings,
  models: Models,
  openEngine: () => Promise<Engine>,
  options: PromoteOptions,
  context: StageContext,
): Promise<PromoteResult> {
  const outage = options.outage ?? new Outage(`PostgreSQL at ${describeServer(settings)}`, context);
  let isAgain = false;
  const watched: StageContext = {
    signal: context.signal,
    emit: (event) => {
      if (event.type === 'step.progress') {
        outage.end();
      }
      context.emit(event);
    },
  };
  try {
    return await outage.ride(async () => {
      try {
        return await promoteOnce(settings, models, openEngine, options, watched, () =>
          outage.answered(),
        );
      } catch (error) {
        throw isAgain ? passing(error) : error;
      } finally {
        isAgain = true;
      }
    });
  } catch (error) {
    throw error instanceof MedallionError && error.code === 'unreachable' && error.retriable
      ? withHint(error, GIVEN_UP)
      : error;
  }
}

const GIVEN_UP =
  'The windows that were published are committed, with their watermarks; what was under way was rolled back, and gold ' +
  'is as it was or whole. Run promote again when the server is back: it goes on from there.';

/** The server may take its time to see that a connection was cut, and keep its lock until then. */
function passing(error: unknown): unknown {
  if (!(error instanceof MedallionError) || error.code !== 'locked') {
    return error;
  }
  const { hint } = error;
  return new MedallionError('locked', error.message, {
    ...(hint === undefined ? {} : { hint }),
    retriable: true,
  });
}

async function promoteOnce(
  settings: ConnectionSettings,
  models: Models,
  openEngine: () => Promise<Engine>,
  options: PromoteOptions,
  context: StageContext,
  onConnected: () => void,
): Promise<PromoteResult> {
  return withPromotionLock(settings, options.holder, async () =>
    withClient(settings, async (client) => {
      const started = performance.now();
      onConnected();
      const command = options.replay === undefined ? PROMOTE : REPLAY;
      const runId = await startRun(client, { command, arguments: options.arguments });
      const run: Run = {
        runId,
        client,
        models,
        options,
        context,
        tally: new ModelTally(),
        checks: new CheckTally(),
      };
      let counts = {};
      let failure: unknown;
      try {
        await closeKilledRuns(client, PROMOTE, runId);
        await closeKilledRuns(client, REPLAY, runId);
        const layers = await promoteLayers(run, openEngine);
        await saveDays(client, runId, layers.gold?.days ?? []);
        counts = {
          ...layers.silver,
          days: layers.gold?.days.length ?? 0,
          restated: layers.gold?.restated ?? 0,
        };
        return {
          runId,
          ...layers,
          models: run.tally.models,
          checks: run.checks.results,
          seconds: (performance.now() - started) / 1000,
        };
      } catch (error) {
        // An engine tells in many ways that its connection broke; this one is the same server's.
        failure = (await isConnected(client)) ? error : lost(error, settings);
        throw failure;
      } finally {
        // A lost connection must not hide what went wrong.
        await saveChecks(client, runId, run.checks.results).catch(() => undefined);
        await saveModels(client, runId, run.tally.models).catch(() => undefined);
        await finishRun(client, runId, counts, failure).catch(() => undefined);
      }
    }),
  );
}

function lost(error: unknown, settings: ConnectionSettings): MedallionError {
  return error instanceof MedallionError && error.retriable
    ? error
    : new MedallionError(
        'unreachable',
        `lost PostgreSQL at ${describeServer(settings)}: ${messageOf(error)}`,
        { cause: error, reason: BROKEN, retriable: true },
      );
}

interface Run {
  readonly runId: bigint;
  readonly client: Client;
  readonly models: Models;
  readonly options: PromoteOptions;
  readonly context: StageContext;
  readonly tally: ModelTally;
  readonly checks: CheckTally;
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
  ): Promise<GoldResult> =>
    promoteGold(engine, client, models, { runId, kept, ...goldOptions }, tally, checks, context);
  if (options.select.length === 0) {
    // A table that is made again needs the rows of all its days.
    const days = await readTouchedDays(client, reshapes.size > 0 ? ALWAYS : options.span);
    return promoteDays({ marts: models.gold, days, clear: true, reshapes });
  }
  const marts = withReaders(models.gold, options.select);
  const byDay = marts.filter(({ id, load }) => load === 'replace_days' && !reshapes.has(id));
  const made = await promoteDays({
    marts,
    days: await readAllDays(client, byDay.map(tableOf)),
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

async function promoteLayers(
  run: Run,
  openEngine: () => Promise<Engine>,
): Promise<Pick<PromoteResult, 'silver' | 'replay' | 'gold'>> {
  const { runId, client, models, options, context, tally, checks } = run;
  // First of all, so that nothing is emptied that could not be filled again.
  const engine = await openEngine();
  try {
    const reshapes = await prepareTables(client, models, options, runId, context);
    const kept = options.gold ? new KeptFacts(models.silver, models.gold) : undefined;
    let silver: SilverResult | undefined;
    let replay: ReplayResult | undefined;
    let gold: GoldResult | undefined;
    if (options.silver) {
      context.emit({ type: 'step.started', step: 'silver' });
      silver = await promoteSilver(
        engine,
        await planWindows(client, options, runId),
        models.silver,
        runId,
        kept,
        tally,
        checks,
        context,
      );
      context.emit({
        type: 'step.finished',
        step: 'silver',
        detail: `${silver.events.toLocaleString('en-US')} events`,
      });
    }
    if (context.signal.aborted) {
      throw new MedallionError('interrupted', 'interrupted');
    }
    if (options.replay !== undefined) {
      replay = await readReplay(client, options.replay, runId);
    } else if (options.silver) {
      await endRefresh(client);
    }
    if (options.gold) {
      await refuseHalfRefreshed(client);
      context.emit({ type: 'step.started', step: 'gold' });
      gold = await promoteMarts(run, engine, reshapes, kept);
      context.emit({
        type: 'step.finished',
        step: 'gold',
        detail: `${gold.days.length.toLocaleString('en-US')} days`,
      });
    }
    return { silver, replay, gold };
  } finally {
    await engine.close();
  }
}

/** What silver is to judge in this run. */
async function planWindows(
  client: Client,
  { replay, chunkRows, windowBytes }: PromoteOptions,
  runId: bigint,
): Promise<AsyncGenerator<SilverWindow, undefined>> {
  const silver: SilverOptions = { runId, chunkRows, windowBytes };
  if (replay !== undefined) {
    await prepareReplay(client, replay, runId);
    return planReplay(client, replay, silver);
  }
  // What is judged again may be in the quarantine.
  if (await isRefreshing(client)) {
    await lockQuarantine(client, 'connection');
  }
  return planBacklog(client, silver);
}
