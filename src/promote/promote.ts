import type { Engine } from '../engine/engine.ts';
import type { Models } from '../model/load.ts';
import { withClient, type ConnectionSettings } from '../postgres/client.ts';
import { withPromotionLock } from '../postgres/lock.ts';
import { closeKilledRuns, finishRun, saveDays, saveModels, startRun } from '../postgres/runs.ts';
import type { StageContext } from '../progress.ts';
import type { Outage } from '../retry.ts';
import { CheckTally, saveChecks, type CheckResult } from './checks.ts';
import { promoteLayers, type LayerOptions, type LayerResults, type Run } from './layers.ts';
import { failureOf, rideLosses } from './losses.ts';
import { ModelTally, type ModelCounts } from './tally.ts';

export interface PromoteOptions extends LayerOptions {
  /** The command line for the run's record, secrets removed. */
  readonly arguments: readonly string[];
  /** Rides out the losses of the warehouse; one of its own unless given. */
  readonly outage?: Outage;
  /** How another promotion that finds this one running calls it. */
  readonly holder: string;
  /** Called after each transaction that published something, with what the run has counted so far. */
  readonly onPublished?: (tally: ModelTally) => void;
}

export interface PromoteResult extends LayerResults {
  readonly runId: bigint;
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
  return rideLosses(
    settings,
    { outage: options.outage, hint: GIVEN_UP },
    context,
    (watched, onConnected) =>
      promoteOnce(settings, models, openEngine, options, watched, onConnected),
  );
}

const GIVEN_UP =
  'The windows that were published are committed, with their watermarks; what was under way was rolled back, and gold ' +
  'is as it was or whole. Run promote again when the server is back: it goes on from there.';

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
        tally: new ModelTally(options.onPublished),
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
        failure = await failureOf(error, client, settings);
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
