import { MedallionError } from '../errors.ts';
import type { Client } from '../postgres/client.ts';
import type { ResultTable } from '../postgres/query.ts';
import { ask } from './ask.ts';

export const RUN_OUTCOMES = ['running', 'done', 'failed', 'interrupted'] as const;

/** Which runs are wanted; what is left out is not asked for. */
export interface RunsRequest {
  readonly command?: string | undefined;
  readonly outcome?: string | undefined;
  /** First UTC day on which they began. */
  readonly since?: string | undefined;
  /** Also those of ingest and promote that had nothing to do: a watch makes one every few seconds. */
  readonly idle: boolean;
  readonly limit: number;
}

/** Lists runs, the latest first. */
export async function listRuns(
  client: Client,
  { command, outcome, since, idle, limit }: RunsRequest,
): Promise<ResultTable> {
  return ask(client, 'runs', [command ?? null, outcome ?? null, since ?? null, idle, limit]);
}

export const RUN_PARTS = ['run', 'partitions', 'models', 'checks', 'restatements', 'gaps'] as const;
export type RunPart = (typeof RUN_PARTS)[number];

/**
 * All that is recorded about one run; `run` has one row.
 * @throws MedallionError not_found
 */
export async function showRun(
  client: Client,
  runId: bigint,
): Promise<Readonly<Record<RunPart, ResultTable>>> {
  const part = (name: string): Promise<ResultTable> => ask(client, name, [runId]);
  const run = await part('run');
  if (run.rows.length === 0) {
    throw new MedallionError('not_found', `there is no run ${runId}`, {
      hint: 'To see the runs: medallion runs',
    });
  }
  return {
    run,
    partitions: await part('run_partitions'),
    models: await part('run_models'),
    checks: await part('run_checks'),
    restatements: await part('run_restatements'),
    gaps: await part('run_gaps'),
  };
}
