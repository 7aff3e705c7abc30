import { MedallionError } from '../errors.ts';
import type { ConnectionSettings } from '../config/server.ts';
import { withSnapshot, type ResultTable } from '../postgres/query.ts';
import type { StageContext } from '../progress.ts';
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
  settings: ConnectionSettings,
  { command, outcome, since, idle, limit }: RunsRequest,
  { signal }: Pick<StageContext, 'signal'>,
): Promise<ResultTable> {
  return withSnapshot(settings, signal, (client) =>
    ask(client, 'runs', [command ?? null, outcome ?? null, since ?? null, idle, limit]),
  );
}

export const RUN_PARTS = ['run', 'partitions', 'models', 'checks', 'restatements', 'gaps'] as const;
export type RunPart = (typeof RUN_PARTS)[number];

/**
 * All that is recorded about one run; `run` has one row.
 * @throws MedallionError not_found
 */
export async function showRun(
  settings: ConnectionSettings,
  runId: bigint,
  { signal }: Pick<StageContext, 'signal'>,
): Promise<Readonly<Record<RunPart, ResultTable>>> {
  return withSnapshot(settings, signal, async (client) => {
    const part = (name: string): Promise<ResultTable> => ask(client, name, [runId]);
    const run = await part('run');
    if (run.rows.length === 0) {
      throw new MedallionError('not_found', `there is no run ${runId}`, {
        hint: 'medallion runs lists them.',
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
  });
}
