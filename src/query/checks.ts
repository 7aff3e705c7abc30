import { MedallionError } from '../errors.ts';
import { affectsRows } from '../postgres/ask.ts';
import type { Client } from '../postgres/client.ts';
import type { ResultTable } from '../postgres/query.ts';
import { readRows } from '../postgres/rows.ts';
import { ask } from './ask.ts';

export interface CheckQuery {
  /** The run of promote; the last one that checked anything when left out. */
  readonly runId: string | undefined;
  /** Only checks that did not pass. */
  readonly failing: boolean;
}

export interface CheckHistory {
  /** Undefined when no run has checked anything yet. */
  readonly runId: string | undefined;
  readonly table: ResultTable;
}

export interface FailingQuery {
  readonly model: string;
  /** May be left out where one check of the model has failing rows. */
  readonly check: string | undefined;
  readonly runId: string | undefined;
}

export interface FailingRows {
  readonly runId: string;
  readonly check: string;
  /** Rows that failed, of which the first are kept. */
  readonly failing: number;
  readonly rows: readonly Readonly<Record<string, string | null>>[];
}

/**
 * What the checks of a run counted.
 * @throws MedallionError input when there is no such run
 */
export async function readChecks(client: Client, query: CheckQuery): Promise<CheckHistory> {
  const runId = query.runId ?? (await lastRun(client, undefined));
  if (query.runId !== undefined) {
    await requireRun(client, query.runId);
  }
  return { runId, table: await ask(client, 'checks', [runId ?? null, query.failing]) };
}

/**
 * The rows that failed a check, as many as were kept.
 * @returns undefined when it was checked, and no row failed that is kept
 * @throws MedallionError input when it was never checked, or when several checks of the model have such rows and none is
 *   named
 */
export async function readFailingRows(
  client: Client,
  query: FailingQuery,
): Promise<FailingRows | undefined> {
  const runId = query.runId ?? (await lastRun(client, query));
  const checks = await readRows<{ name: string; failing: number }>(client, 'query/checks_failing', [
    ...[runId ?? null, query.model, query.check ?? null],
  ]);
  const [found, ...others] = checks;
  if (runId === undefined || found === undefined) {
    await requireChecked(client, query);
    return undefined;
  }
  if (others.length > 0) {
    throw new MedallionError(
      'input',
      `several checks of ${query.model} have failing rows: ${checks.map(({ name }) => `"${name}"`).join(', ')}`,
      { hint: `Choose one: medallion checks show ${query.model} "${found.name}"` },
    );
  }
  const rows = await readRows<{ row: FailingRows['rows'][number] }>(
    client,
    'query/checks_failing_rows',
    [runId, query.model, found.name],
  );
  const { name: check, failing } = found;
  return { runId, check, failing, rows: rows.map(({ row }) => row) };
}

async function requireChecked(client: Client, query: FailingQuery): Promise<void> {
  const sql = `select from medallion.check_results
     where model = $1 and ($2::text is null or check_name = $2) and ($3::bigint is null or run_id = $3) limit 1`;
  if (!(await affectsRows(client, sql, [query.model, query.check, query.runId]))) {
    throw new MedallionError('input', `no promotion has checked ${describeChecked(query)}`, {
      hint: 'To see the checks of the last run: medallion checks; those of another run: medallion checks --run <id>',
    });
  }
}

/** What was asked for, in words. */
export function describeChecked({ model, check, runId }: FailingQuery): string {
  return `${model}${check === undefined ? '' : `, check "${check}"`}${runId === undefined ? '' : `, run ${runId}`}`;
}

/** The last run that checked anything; with a check, the last one in which it had failing rows. */
async function lastRun(
  client: Client,
  of: Pick<FailingQuery, 'model' | 'check'> | undefined,
): Promise<string | undefined> {
  const [last] = await readRows<{ runId?: string }>(client, 'query/checks_last_run', [
    ...[of?.model ?? null, of?.check ?? null],
  ]);
  return last?.runId;
}

async function requireRun(client: Client, runId: string): Promise<void> {
  const sql = 'select command from medallion.runs where run_id = $1';
  const [run] = (await client.query<{ command: string }>(sql, [runId])).rows;
  if (run?.command !== 'promote') {
    throw new MedallionError(
      'input',
      run === undefined
        ? `there is no run ${runId}`
        : `run ${runId} is a run of ${run.command}, which checks nothing`,
      { hint: 'To see the last run that checked anything: medallion checks, without --run' },
    );
  }
}
