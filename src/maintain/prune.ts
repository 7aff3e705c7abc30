import { throwIfInterrupted } from '../errors.ts';
import { withClient, type Client } from '../postgres/client.ts';
import { withTransaction } from '../postgres/transaction.ts';
import type { ConnectionSettings } from '../config/server.ts';
import { BEGIN_PUBLICATION } from '../postgres/lock.ts';
import type { PartitionName } from '../postgres/offsets.ts';
import { readRows } from '../postgres/rows.ts';
import type { StageContext } from '../progress.ts';
import { withRun, type RunOptions } from './run.ts';
import { sqlFile } from '../sql-file.ts';

/** What of a partition is to go. */
export interface PlannedPartition extends PartitionName {
  readonly events: number;
  readonly bytes: bigint;
  /** First offset to go, and first behind the last one; in between may be some that stay. */
  readonly fromOffset: bigint | undefined;
  readonly toOffset: bigint | undefined;
  /** Events as old that stay, because they are open in the quarantine. */
  readonly keptOpen: number;
}

export interface PrunePlan {
  /** Only events that the log took in before this moment are meant; ISO 8601. */
  readonly before: string;
  readonly partitions: readonly PlannedPartition[];
  /** Dismissed and replayed events whose bytes the quarantine lets go. */
  readonly resolved: { readonly events: number; readonly bytes: bigint };
}

/** What went of a partition, by what it was to silver. */
export interface PrunedPartition extends PartitionName {
  readonly events: number;
  readonly bytes: bigint;
  readonly current: number;
  readonly duplicates: number;
  readonly superseded: number;
  readonly skipped: number;
  readonly rejected: number;
}

export interface PruneOptions extends RunOptions {
  readonly before: string;
  /** Events in one transaction, at most. */
  readonly batchRows: number;
}

export interface PruneResult {
  readonly runId: bigint;
  readonly partitions: readonly PrunedPartition[];
  /** Rejected events whose bytes were let go. */
  readonly resolved: number;
  readonly seconds: number;
}

const STEP = 'prune';

/** Says what `prune` would remove now; changes nothing. */
export async function planPrune(settings: ConnectionSettings, before: string): Promise<PrunePlan> {
  return withClient(settings, async (client) => {
    const partitions = await readRows<PlannedPartition>(client, 'prune/plan', [before]);
    const [resolved] = await readRows<PrunePlan['resolved']>(client, 'prune/resolved', [before]);
    return { before, partitions, resolved: resolved ?? { events: 0, bytes: 0n } };
  });
}

/**
 * Removes promoted events from bronze that the log took in before a moment, and records how many: batch by batch, each
 * one transaction, so a killed run leaves whole batches and the next one goes on. Events that are open in the
 * quarantine stay; of those dismissed or replayed the quarantine lets the bytes go as well. Promotions wait meanwhile,
 * ingest does not.
 * @param verify must throw unless silver accounts for every promoted event: what goes here would be its only trace
 * @throws MedallionError locked, check_failed, unreachable, interrupted; what was removed by then is recorded
 */
export async function prune(
  settings: ConnectionSettings,
  options: PruneOptions,
  verify: () => Promise<void>,
  context: StageContext,
): Promise<PruneResult> {
  const started = performance.now();
  const counts = { before: options.before, events: 0, bytes: 0, resolved: 0 };
  return withRun(
    settings,
    'prune',
    options,
    () => counts,
    async (client, runId) => {
      await verify();
      const plan = await planPrune(settings, options.before);
      const total = plan.partitions.reduce((sum, { events }) => sum + events, 0);
      context.emit({ type: 'step.started', step: STEP });
      for (const planned of plan.partitions) {
        for await (const batch of removeBatches(client, planned, runId, options, context)) {
          counts.events += batch.events;
          counts.bytes += Number(batch.bytes);
          context.emit({
            ...{ type: 'step.progress', step: STEP, done: counts.events, total },
            unit: 'events',
          });
        }
      }
      counts.resolved = await letGo(client, options, context);
      context.emit({ type: 'step.finished', step: STEP });
      return {
        ...{ runId, resolved: counts.resolved },
        partitions: await readRows(client, 'prune/pruned', [runId]),
        seconds: (performance.now() - started) / 1000,
      };
    },
  );
}

/** Removes a partition's events batch by batch, each of them one transaction. */
async function* removeBatches(
  client: Client,
  { topic, partition, fromOffset }: PlannedPartition,
  runId: bigint,
  { before, batchRows }: PruneOptions,
  { signal }: StageContext,
): AsyncGenerator<Pick<PrunedPartition, 'events' | 'bytes'>> {
  let from = fromOffset;
  while (from !== undefined) {
    throwIfInterrupted(signal);
    const [end] = await readRows<{ readonly to?: bigint }>(client, 'prune/batch_end', [
      ...[topic, partition, from, before, batchRows],
    ]);
    if (end?.to === undefined) {
      return;
    }
    yield* await withTransaction(client, async () => {
      await client.query(BEGIN_PUBLICATION);
      const values = [topic, partition, from, before, end.to, runId];
      return readRows<PrunedPartition>(client, 'prune/batch', values);
    });
    from = end.to;
  }
}

async function letGo(
  client: Client,
  { before, batchRows }: PruneOptions,
  { signal }: StageContext,
): Promise<number> {
  for (let sum = 0; ;) {
    throwIfInterrupted(signal);
    const { rowCount } = await client.query(sqlFile('prune/let_go'), [before, batchRows]);
    if (rowCount === null || rowCount === 0) {
      return sum;
    }
    sum += rowCount;
  }
}
