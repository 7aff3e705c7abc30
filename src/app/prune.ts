import type { Config } from '../config.ts';
import { MedallionError } from '../errors.ts';
import {
  planPrune,
  prune as pruneWith,
  type PrunePlan,
  type PruneResult,
} from '../maintain/prune.ts';
import { describeServer, type ConnectionSettings } from '../config/server.ts';
import { withSnapshot } from '../postgres/query.ts';
import type { StageContext } from '../progress.ts';
import { differenceError } from '../query/reconcile/difference.ts';
import { reconcilePromoted } from '../query/reconcile/reconcile.ts';
import { READS, withOpen, type CallOptions, type OpenWarehouse } from './call.ts';

export interface PruneRequest extends CallOptions {
  /** Events that the log took in before this moment may go. */
  readonly before: string;
  /** Events in one transaction, at most. */
  readonly batchRows: number;
  /** Asked before anything goes, with what would go and from where; throws to let it stay. */
  readonly confirm: (plan: PrunePlan, server: string) => Promise<void>;
}

/** What `prune` would remove now. */
export async function prunePlan(
  config: Config,
  options: CallOptions & Pick<PruneRequest, 'before'>,
): Promise<PrunePlan> {
  return withOpen(config, options, ({ settings }) => planPrune(settings, options.before), READS);
}

/**
 * Removes old events from bronze that silver accounts for.
 * @throws MedallionError locked, check_failed, unreachable, interrupted
 */
export async function prune(config: Config, request: PruneRequest): Promise<PruneResult> {
  const { before, batchRows, arguments: commandLine = [] } = request;
  const work = async ({ settings, context }: OpenWarehouse): Promise<PruneResult> => {
    const plan = await planPrune(settings, before);
    if (plan.partitions.every(({ events }) => events === 0) && plan.resolved.events === 0) {
      return { runId: 0n, partitions: [], resolved: 0, seconds: 0 };
    }
    await request.confirm(plan, describeServer(settings));
    const options = { before, batchRows, arguments: commandLine };
    return pruneWith(settings, options, () => requireAccounted(settings, context), context);
  };
  return withOpen(config, request, work, READS);
}

/** @throws MedallionError check_failed unless silver accounts for every promoted event */
async function requireAccounted(
  settings: ConnectionSettings,
  context: StageContext,
): Promise<void> {
  const comparisons = await withSnapshot(settings, context.signal, reconcilePromoted);
  const different = comparisons.filter(({ result }) => result === 'different');
  if (different.length > 0) {
    const { message, hint } = differenceError(different);
    throw new MedallionError(
      'check_failed',
      `bronze and silver differ; nothing was pruned\n${message}`,
      { hint },
    );
  }
}
