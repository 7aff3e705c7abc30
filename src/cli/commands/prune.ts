import { momentBefore } from '../../app/call.ts';
import { prune, prunePlan } from '../../app/prune.ts';
import { usageError } from '../../errors.ts';
import type { PrunePlan } from '../../maintain/prune.ts';
import { counted, megabytes } from '../../number.ts';
import { command } from '../command.ts';
import { confirm } from '../confirm.ts';
import { numbers, quantities, resultOf } from '../render/result.ts';
import { OF_PARTITION, sumText } from './archive.ts';

const DEFAULT_BATCH_ROWS = 50_000;

export const pruneCommand = command(
  'prune',
  'remove old events from bronze that silver has, and keep the count of them',
  {
    details: `
It removes promoted events that the log took in before the limit (produced_at).
Events that are open in the quarantine stay, there and in bronze. For dismissed
or replayed events of that age, the quarantine drops the bytes and keeps the row
with its reason. Counts stay in medallion.pruned, so reconcile stays clean.
Nothing is removed unless silver accounts for every promoted event. Ingest may
run meanwhile, promote waits.

Pruned events cannot be promoted again: promote --full-refresh then fails,
unless --even-pruned says that silver may lose those events.
PostgreSQL uses the space again; "vacuum full bronze.events" gives it back to
the disk.`,
    examples: [
      'medallion prune --bronze --older-than 90d --dry-run',
      'medallion prune --bronze --older-than 90d',
      'medallion prune --bronze --older-than 90d --yes --output json',
    ],
    exits: {
      4: 'silver does not account for every promoted event: nothing was pruned',
      5: 'a promotion, or another prune, is running',
    },
    seeAlso: ['reconcile', 'promote'],
    options: {
      '--bronze': 'prune bronze.events, the only table that is pruned',
      '--older-than <duration>': 'only events that the log took in longer ago than this: 90d, 12h',
      '--dry-run': 'show what would be removed; change nothing',
      '--yes': 'do not ask',
      '--batch-rows <n>': ['events in one transaction, at most', DEFAULT_BATCH_ROWS],
    },
    run: async (context, { bronze, olderThan, batchRows, dryRun, yes }) => {
      if (!bronze || olderThan === undefined) {
        throw usageError(
          'prune needs --bronze and --older-than',
          'For example: medallion prune --bronze --older-than 90d',
        );
      }
      const { config, call } = context;
      const before = momentBefore(olderThan);
      if (dryRun) {
        const plan = await prunePlan(config, { ...call, before });
        const columns = {
          ...{ ...OF_PARTITION, ...numbers('fromOffset', 'toOffset') },
          ...quantities('keptOpen'),
        };
        await context.writeRows(resultOf(columns, plan.partitions));
        context.note(`${planText(plan)}; nothing was removed`);
        return;
      }
      const { partitions, resolved, seconds } = await prune(config, {
        ...{ ...call, before, batchRows },
        confirm: async (plan, server) => {
          context.note([planText(plan), ...plan.partitions.map(partitionText)].join('\n  '));
          const asking = { command: 'prune', does: 'removes', done: 'removed', yes };
          await confirm(`Remove this from bronze of ${server}, for good?`, asking, context.signal);
        },
      });
      const columns = {
        ...{ ...OF_PARTITION, ...quantities('current', 'duplicates', 'superseded', 'rejected') },
      };
      await context.writeNews(resultOf(columns, partitions));
      const letGo =
        resolved === 0 ? '' : `; bytes of ${counted(resolved, 'rejected event')} let go`;
      context.note(
        resolved === 0 && partitions.every(({ events }) => events === 0)
          ? `nothing to prune: no promoted event is from before ${before}`
          : `${sumText(partitions)} pruned in ${seconds.toFixed(1)} s${letGo}`,
      );
    },
  },
);

function planText({ partitions, resolved, before }: PrunePlan): string {
  const letGo =
    resolved.events === 0
      ? ''
      : `, and the bytes (${megabytes(resolved.bytes)}) of ${counted(resolved.events, 'rejected event')}`;
  return `${sumText(partitions)} from before ${before} to remove${letGo}`;
}

function partitionText(planned: PrunePlan['partitions'][number]): string {
  const { topic, partition, keptOpen } = planned;
  const kept = keptOpen === 0 ? '' : `; ${keptOpen} stay, open in the quarantine`;
  return `${topic} ${partition}: ${sumText([planned])}${kept}`;
}
