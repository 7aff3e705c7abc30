import type { ConnectionSettings } from '../config/server.ts';
import { MedallionError } from '../errors.ts';
import { affectsRows } from '../postgres/ask.ts';
import { withClient, type Client } from '../postgres/client.ts';
import { withPromotionLock } from '../postgres/lock.ts';
import { closeKilledRuns, finishRun, startRun, type RunRecord } from '../postgres/runs.ts';

/** The options that every command which takes something away has. */
export interface RunOptions {
  /** The command line for the run's record, secrets removed. */
  readonly arguments: RunRecord['arguments'];
  /** How a promotion that finds this run at work calls it; by its process unless said otherwise. */
  readonly holder?: string;
}

/** A command, and the word for what it has done. */
const DONE = { archive: 'archived', forget: 'forgotten', prune: 'pruned' } as const;

/**
 * Does the work of a run while nothing is promoted, and records what it counted and how it ended.
 * @param counts what it has counted by then
 * @throws MedallionError locked, check_failed
 */
export async function withRun<T>(
  settings: ConnectionSettings,
  command: keyof typeof DONE,
  options: RunOptions,
  counts: () => Readonly<Record<string, unknown>>,
  work: (client: Client, runId: bigint) => Promise<T>,
): Promise<T> {
  const run = async (client: Client): Promise<T> => {
    const runId = await startRun(client, { command, arguments: options.arguments });
    let failure: unknown;
    try {
      await closeKilledRuns(client, command, runId);
      await refuseRefreshing(client, DONE[command]);
      return await work(client, runId);
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      // A lost connection must not hide what went wrong.
      await finishRun(client, runId, counts(), failure).catch(() => undefined);
    }
  };
  const { holder = `process ${String(process.pid)}` } = options;
  return withPromotionLock(settings, holder, () => withClient(settings, run), command);
}

/**
 * Until a refresh has ended, bronze is what silver is made of again, and the watermarks do not say what silver has.
 * @param done what is done to events otherwise
 * @throws MedallionError check_failed
 */
async function refuseRefreshing(client: Client, done: string): Promise<void> {
  if (await affectsRows(client, 'select from medallion.refreshes')) {
    throw new MedallionError(
      'check_failed',
      `silver is being rebuilt from bronze: nothing was ${done}`,
      { hint: 'To complete the rebuild: medallion promote' },
    );
  }
}
