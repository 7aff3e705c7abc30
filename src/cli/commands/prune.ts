import type { Command } from 'commander';
import { momentBefore } from '../../app/call.ts';
import { prune, prunePlan } from '../../app/prune.ts';
import { MedallionError } from '../../errors.ts';
import type { PrunePlan, PruneResult } from '../../maintain/prune.ts';
import { confirm } from '../confirm.ts';
import type { CommandContext } from '../context.ts';
import { command } from '../help.ts';
import type { RunCommand } from '../run-command.ts';
import { parseCount, parseDuration } from '../options.ts';
import { counted, megabytes } from '../../number.ts';
import type { ResultTable } from '../../postgres/query.ts';
import { resultOf } from '../render/result.ts';

interface PruneFlags {
  readonly bronze?: boolean;
  /** Milliseconds. */
  readonly olderThan?: number;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly batchRows: number;
}

const DEFAULT_BATCH_ROWS = 50_000;

export function createPruneCommand(run: RunCommand): Command {
  return command(
    'prune',
    'remove old events from bronze that silver has, and keep the count of them',
    {
      details: `
Only events go that were promoted and that the log took in before the limit
(produced_at). What is open in the quarantine stays, in bronze and there; of
events that were dismissed or replayed, and are as old, the quarantine lets the
bytes go and keeps the row with its reason. Counts stay in medallion.pruned, so
reconcile stays clean. Nothing goes unless silver accounts for every promoted
event. Ingest may run meanwhile, promote waits.

What is pruned cannot be promoted again: promote --full-refresh refuses
afterwards, unless --even-pruned says that silver may lose those events.
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
    },
  )
    .option('--bronze', 'prune bronze.events, the only table that is pruned')
    .option(
      '--older-than <duration>',
      'only what the log took in so long ago: 90d, 12h',
      parseDuration,
    )
    .option('--dry-run', 'only say what would go')
    .option('--yes', 'do not ask')
    .option(
      '--batch-rows <n>',
      'events in one transaction, at most',
      parseCount,
      DEFAULT_BATCH_ROWS,
    )
    .action(run(runPrune));
}

async function runPrune(context: CommandContext, flags: PruneFlags): Promise<void> {
  const { bronze, olderThan, batchRows } = flags;
  if (bronze !== true || olderThan === undefined) {
    throw new MedallionError('usage', 'prune needs to be told what, and how old', {
      hint: 'medallion prune --bronze --older-than 90d',
    });
  }
  const before = momentBefore(olderThan);
  if (flags.dryRun === true) {
    const plan = await prunePlan(context.config, { ...context.call, before });
    await context.writeRows(planTable(plan));
    context.emit({ type: 'note', message: `${planText(plan)}; nothing was removed` });
    return;
  }
  const result = await prune(context.config, {
    ...{ ...context.call, before, batchRows },
    confirm: async (plan, server) => {
      context.emit({
        type: 'note',
        message: [planText(plan), ...plan.partitions.map(partitionText)].join('\n  '),
      });
      if (flags.yes !== true) {
        await confirm(
          `Remove this from bronze of ${server}, for good?`,
          { command: 'prune', does: 'removes', done: 'removed' },
          context.signal,
        );
      }
    },
  });
  await writeResult(result, before, context);
}

async function writeResult(
  result: PruneResult,
  before: string,
  context: CommandContext,
): Promise<void> {
  if (context.format !== undefined || result.partitions.length > 0) {
    await context.writeRows(resultTable(result));
  }
  const events = result.partitions.reduce((sum, pruned) => sum + pruned.events, 0);
  const bytes = result.partitions.reduce((sum, pruned) => sum + pruned.bytes, 0n);
  const resolved =
    result.resolved === 0 ? '' : `; bytes of ${counted(result.resolved, 'rejected event')} let go`;
  context.emit({
    type: 'note',
    message:
      events === 0 && result.resolved === 0
        ? `nothing to prune: no promoted event is from before ${before}`
        : `${counted(events, 'event')} (${megabytes(bytes)}) pruned in ${result.seconds.toFixed(1)} s${resolved}`,
  });
}

function planText({ partitions, resolved, before }: PrunePlan): string {
  const events = partitions.reduce((sum, planned) => sum + planned.events, 0);
  const bytes = partitions.reduce((sum, planned) => sum + planned.bytes, 0n);
  const letGo =
    resolved.events === 0
      ? ''
      : `, and the bytes (${megabytes(resolved.bytes)}) of ${counted(resolved.events, 'rejected event')}`;
  return `${counted(events, 'event')} (${megabytes(bytes)}) from before ${before} to remove${letGo}`;
}

function partitionText({ topic, partition, events, bytes, keptOpen }: Planned): string {
  const kept = keptOpen === 0 ? '' : `; ${keptOpen} stay, open in the quarantine`;
  return `${topic} ${partition}: ${counted(events, 'event')} (${megabytes(bytes)})${kept}`;
}

type Planned = PrunePlan['partitions'][number];

function planTable({ partitions }: PrunePlan): ResultTable {
  return resultOf(
    {
      topic: 'text',
      partition: 'number',
      events: 'quantity',
      bytes: 'quantity',
      from_offset: 'number',
      to_offset: 'number',
      kept_open: 'quantity',
    },
    partitions.map(({ fromOffset, toOffset, keptOpen, ...row }) => ({
      ...{ ...row, from_offset: fromOffset, to_offset: toOffset, kept_open: keptOpen },
    })),
  );
}

function resultTable({ partitions }: PruneResult): ResultTable {
  return resultOf(
    {
      topic: 'text',
      partition: 'number',
      events: 'quantity',
      bytes: 'quantity',
      current: 'quantity',
      duplicates: 'quantity',
      superseded: 'quantity',
      refused: 'quantity',
    },
    partitions,
  );
}
