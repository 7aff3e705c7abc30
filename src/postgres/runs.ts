import { arraysOf } from './ask.ts';
import { MedallionError, messageOf } from '../errors.ts';
import { VERSION } from '../version.ts';
import type { Client } from './client.ts';
import type { PartitionName } from './offsets.ts';
import { isGone, thisRunner } from '../runner.ts';
import { literal } from './quote.ts';
import { sqlFile, statement } from '../sql-file.ts';

export interface RunRecord {
  readonly command: string;
  /** The command line, secrets removed. */
  readonly arguments: readonly string[];
}

export type RunEnd = 'done' | 'failed' | 'interrupted';

/** A part of a partition that a run wrote, ingested or promoted: offsets `from` up to `to` (exclusive). */
export interface RunRange extends PartitionName {
  readonly from: bigint;
  readonly to: bigint;
  /** Events of the run in between: offsets have holes, and others may write there, too. */
  readonly events: number;
}

/** Opens a run's record and returns its number. */
export async function startRun(client: Client, run: RunRecord): Promise<bigint> {
  const { osUser, host, processId } = thisRunner();
  const { rows } = await client.query<{ run_id: string }>(
    `insert into medallion.runs (command, version, arguments, os_user, host, process_id)
     values ($1, $2, $3, $4, $5, $6) returning run_id`,
    [run.command, VERSION, run.arguments, osUser, host, processId],
  );
  const runId = BigInt(rows[0]?.run_id ?? 0);
  await closeGoneRuns(client, run.command, runId);
  return runId;
}

/** Closes a run's record: what it counted, and how it ended. `error` undefined is a good end. */
export async function finishRun(
  client: Client,
  runId: bigint,
  counts: Readonly<Record<string, unknown>>,
  error?: unknown,
): Promise<void> {
  await client.query(
    'update medallion.runs set finished_at = now(), outcome = $2, counts = $3, error = $4 where run_id = $1',
    [
      ...[runId, runEnd(error), JSON.stringify(counts)],
      error === undefined ? null : messageOf(error),
    ],
  );
}

/** How a run ended that threw `error`; undefined is a good end. */
export function runEnd(error: unknown): RunEnd {
  if (error === undefined) {
    return 'done';
  }
  return error instanceof MedallionError && error.code === 'interrupted' ? 'interrupted' : 'failed';
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

/** The same without a lock, as far as it can be told: runs of this machine whose process is no more. */
async function closeGoneRuns(client: Client, command: string, runId: bigint): Promise<void> {
  const { rows } = await client.query<{ run_id: string; host: string; process_id: string }>(
    `select run_id, host, process_id from medallion.runs
     where command = $1 and outcome = 'running' and run_id < $2 and process_id is not null`,
    [command, runId],
  );
  const gone = rows.filter(({ host, process_id }) =>
    isGone({ host, processId: Number(process_id) }),
  );
  if (gone.length > 0) {
    await client.query(
      `update medallion.runs set finished_at = now(), outcome = 'failed', error = 'killed'
       where run_id = any ($1::bigint[]) and outcome = 'running'`,
      [gone.map((row) => row.run_id)],
    );
  }
}

/** Adds a part of a partition to a run's record, in the transaction of its rows: a killed run has said what it did. */
export async function recordRange(client: Client, runId: bigint, range: RunRange): Promise<void> {
  await client.query(rangeStatement(runId, range));
}

/** The statement that `recordRange` runs, for transactions that an engine holds. */
export function rangeStatement(runId: bigint, range: RunRange): string {
  const { topic, partition, from, to, events } = range;
  return statement('runs/add_range', {
    ...{ run_id: String(runId), topic: literal(topic), partition: String(partition) },
    ...{ from: String(from), to: String(to), events: String(events) },
  });
}

export interface ModelRun {
  readonly model: string;
  readonly read: number;
  readonly written: number;
  readonly rejected: number;
  readonly milliseconds: number;
}

export async function saveModels(
  client: Client,
  runId: bigint,
  models: readonly ModelRun[],
): Promise<void> {
  await client.query(
    `insert into medallion.run_models (run_id, model, read, written, rejected, seconds)
     select $1, * from unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::numeric[])`,
    [
      runId,
      ...arraysOf(models, 'model', 'read', 'written', 'rejected'),
      models.map(({ milliseconds }) => (milliseconds / 1000).toFixed(3)),
    ],
  );
}

/** Records the days that a run published. */
export async function saveDays(
  client: Client,
  runId: bigint,
  days: readonly string[],
): Promise<void> {
  await client.query(sqlFile('runs/days'), [runId, days]);
}
