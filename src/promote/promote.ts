import type { Engine } from '../engine/engine.ts';
import type { Models } from '../model/load.ts';
import { withClient, type Client } from '../postgres/client.ts';
import { withTransaction } from '../postgres/transaction.ts';
import type { ConnectionSettings } from '../config/server.ts';
import { withPromotionLock } from '../postgres/lock.ts';
import { Publisher } from '../postgres/publisher.ts';
import { closeKilledRuns, finishRun, saveDays, saveModels, startRun } from '../postgres/runs.ts';
import type { StageContext } from '../progress.ts';
import type { Retry } from '../retry.ts';
import { CheckTally, saveChecks, type CheckResult } from './checks.ts';
import { countRestatements } from './gold.ts';
import { promoteLayers, type LayerResults } from './layers.ts';
import type { LayerOptions, Run } from './run.ts';
import { failureOf, retryLosses } from './losses.ts';
import { ModelTally, type ModelCounts } from './tally.ts';

export interface PromoteOptions extends LayerOptions {
  /** The command line for the run's record, secrets removed. */
  readonly arguments: readonly string[];
  /** Retries after losses of the warehouse; one of its own unless given. */
  readonly retry?: Retry;
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

/** What runs are called in the metadata. They share one lock. */
const PROMOTE = 'promote';
const REPLAY = 'quarantine replay';

/**
 * Promotes bronze to silver and silver to gold, whatever is new since the last time. One promotion runs at a time;
 * one that was killed is taken up by the next, after the last batch that it committed, and so does one that lost
 * the warehouse by itself: with a new engine, a new lock and a run of its own. The result counts what all of them did.
 * @throws MedallionError locked, check_failed, model, unreachable, interrupted
 */
export async function promote(
  settings: ConnectionSettings,
  models: Models,
  openEngine: () => Promise<Engine>,
  options: PromoteOptions,
  context: StageContext,
): Promise<PromoteResult> {
  const started = performance.now();
  const runs: EndedRun[] = [];
  const result = await retryLosses(
    settings,
    { retry: options.retry, hint: GIVEN_UP },
    context,
    (watched, onConnected) =>
      promoteOnce(settings, models, openEngine, options, watched, onConnected, runs),
  );
  return { ...result, seconds: (performance.now() - started) / 1000 };
}

/** A run that is over; a promotion that lost the warehouse has several. */
interface EndedRun extends Pick<Run, 'runId' | 'tally' | 'checks'> {
  readonly counts: Readonly<Record<string, unknown>>;
  readonly failure: unknown;
  isRecorded: boolean;
}

const GIVEN_UP =
  'The batches that were published are committed, with their watermarks. The batch in progress was rolled back; gold ' +
  'is either unchanged or complete. Run promote again when the server is back: it goes on from there.';

async function promoteOnce(
  settings: ConnectionSettings,
  models: Models,
  openEngine: () => Promise<Engine>,
  options: PromoteOptions,
  context: StageContext,
  onConnected: () => void,
  earlier: EndedRun[],
): Promise<Omit<PromoteResult, 'seconds'>> {
  return withPromotionLock(settings, options.holder, async () =>
    withClient(settings, async (client) => {
      onConnected();
      const command = options.replay === undefined ? PROMOTE : REPLAY;
      const runId = await startRun(client, { command, arguments: options.arguments });
      const run: Run = {
        runId,
        earlierRuns: earlier.map((each) => each.runId),
        client,
        openPublisher: () => Publisher.open(settings),
        models,
        options,
        context,
        tally: new ModelTally(options.onPublished),
        checks: new CheckTally(),
      };
      const { tally, checks } = run;
      let restated = 0;
      let failure: unknown;
      try {
        await closeKilledRuns(client, PROMOTE, runId);
        await closeKilledRuns(client, REPLAY, runId);
        await recordRuns(client, earlier);
        const layers = await promoteLayers(run, openEngine);
        restated = layers.gold?.restated ?? 0;
        return await withEarlier({ runId, ...layers }, run, earlier);
      } catch (error) {
        failure = await failureOf(error, client, settings);
        throw failure;
      } finally {
        const counts = { ...tally.silver, days: tally.days.size, restated };
        earlier.push({ runId, tally, checks, counts, failure, isRecorded: false });
        await recordRuns(client, earlier);
      }
    }),
  );
}

/** Records what runs did. Where the connection is lost that waits for the next run, and does not hide what went wrong. */
async function recordRuns(client: Client, runs: readonly EndedRun[]): Promise<void> {
  for (const run of runs.filter(({ isRecorded }) => !isRecorded)) {
    const { runId, tally, checks, counts, failure } = run;
    run.isRecorded = await withTransaction(client, async () => {
      await saveChecks(client, runId, checks.results);
      await saveModels(client, runId, tally.models);
      await saveDays(client, runId, [...tally.days].sort());
      await finishRun(client, runId, counts, failure);
      return true;
    }).catch(() => false);
  }
}

/** The result of the last run, with what those before it did. */
async function withEarlier(
  last: LayerResults & { readonly runId: bigint },
  { client, tally, checks }: Run,
  earlier: readonly EndedRun[],
): Promise<Omit<PromoteResult, 'seconds'>> {
  const all = { tally: new ModelTally(), checks: new CheckTally() };
  for (const run of [...earlier, { tally, checks }]) {
    all.tally.add(run.tally);
    all.checks.merge(run.checks);
  }
  const { silver, gold } = last;
  const restated =
    earlier.length === 0
      ? 0
      : await countRestatements(
          client,
          earlier.map(({ runId }) => runId),
        );
  return {
    ...last,
    silver: silver && all.tally.silver,
    gold: gold && { days: [...all.tally.days].sort(), restated: gold.restated + restated },
    models: all.tally.models,
    checks: all.checks.results,
  };
}
