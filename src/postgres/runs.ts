import { MedallionError, messageOf } from '../errors.ts';
import { VERSION } from '../version.ts';
import type { Client } from './client.ts';

export interface RunRecord {
  readonly command: string;
  /** The command line, secrets removed. */
  readonly arguments: readonly string[];
}

/** Opens a run's record and returns its number. */
export async function startRun(client: Client, run: RunRecord): Promise<bigint> {
  const { rows } = await client.query<{ run_id: string }>(
    'insert into medallion.runs (command, version, arguments) values ($1, $2, $3) returning run_id',
    [run.command, VERSION, run.arguments],
  );
  return BigInt(rows[0]?.run_id ?? 0);
}

/** Closes a run's record: what it counted, and how it ended. `error` undefined is a good end. */
export async function finishRun(
  client: Client,
  runId: bigint,
  counts: Readonly<Record<string, unknown>>,
  error?: unknown,
): Promise<void> {
  const outcome =
    error === undefined
      ? 'done'
      : error instanceof MedallionError && error.code === 'interrupted'
        ? 'interrupted'
        : 'failed';
  await client.query(
    'update medallion.runs set finished_at = now(), outcome = $2, counts = $3, error = $4 where run_id = $1',
    [runId, outcome, JSON.stringify(counts), error === undefined ? null : messageOf(error)],
  );
}

/** Closes the records of runs that were killed: whoever holds the command's lock knows that no other is at work. */
export async function closeKilledRuns(
  client: Client,
  command: string,
  runId: bigint,
): Promise<void> {
  await client.query(
    `update medallion.runs set finished_at = now(), outcome = 'failed', error = 'killed'
     where command = $1 and outcome = 'running' and run_id < $2`,
    [command, runId],
  );
}
