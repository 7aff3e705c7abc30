import { Command } from 'commander';
import { MedallionError } from '../../errors.ts';
import { describeServer, type ConnectionSettings } from '../../postgres/client.ts';
import { withWarehouse } from '../../postgres/warehouse.ts';
import { planPrune, prune, type PrunePlan, type PruneResult } from '../../prune/prune.ts';
import { reconcilePromoted } from '../../reconcile/reconcile.ts';
import { confirm } from '../confirm.ts';
import type { CommandContext } from '../context.ts';
import { manual } from '../help.ts';
import type { RunCommand } from '../run-command.ts';
import { parseCount, parseDuration } from '../options.ts';
import { counted, megabytes } from '../../number.ts';
import type { ResultTable } from '../render/output.ts';
import { differenceError } from './reconcile.ts';

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
  return new Command('prune')
    .description('remove old events from bronze that silver has, and keep the count of them')
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
    .addHelpText(
      'after',
      manual({
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
      }),
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
  const before = new Date(Date.now() - olderThan);
  if (Number.isNaN(before.getTime()) || before.getUTCFullYear() < 1) {
    throw new MedallionError('usage', '--older-than reaches back before the year 1');
  }
  await withWarehouse(context.config, context, async (settings) => {
    const plan = await planPrune(settings, before.toISOString());
    if (flags.dryRun === true) {
      await context.writeRows(planTable(plan));
      context.emit({ type: 'note', message: `${planText(plan)}; nothing was removed` });
      return;
    }
    if (plan.partitions.every(({ events }) => events === 0) && plan.resolved.events === 0) {
      await writeResult({ runId: 0n, partitions: [], resolved: 0, seconds: 0 }, plan, context);
      return;
    }
    context.emit({
      type: 'note',
      message: [planText(plan), ...plan.partitions.map(partitionText)].join('\n  '),
    });
    if (flags.yes !== true) {
      await confirm(
        `Remove this from bronze of ${describeServer(settings)}, for good?`,
        { command: 'prune', does: 'removes', done: 'removed' },
        context.signal,
      );
    }
    const options = {
      ...{ before: plan.before, batchRows, arguments: context.commandLine },
      holder: `process ${String(context.processId)}`,
    };
    const verify = (): Promise<void> => requireAccounted(settings, context);
    await writeResult(await prune(settings, options, verify, context), plan, context);
  });
}

/** @throws MedallionError check_failed unless silver accounts for every promoted event */
async function requireAccounted(
  settings: ConnectionSettings,
  context: CommandContext,
): Promise<void> {
  const comparisons = await reconcilePromoted(settings, context);
  const different = comparisons.filter(({ result }) => result === 'different');
  if (different.length > 0) {
    const { message, hint } = differenceError(different);
    throw new MedallionError(
      'check_failed',
      `bronze and silver differ: nothing was pruned\n${message}`,
      {
        ...(hint === undefined ? {} : { hint }),
      },
    );
  }
}

async function writeResult(
  result: PruneResult,
  plan: PrunePlan,
  context: CommandContext,
): Promise<void> {
  if (context.format !== undefined || result.partitions.length > 0) {
    await context.writeRows(resultTable(result));
  }
  const events = result.partitions.reduce((sum, pruned) => sum + pruned.events, 0);
  const bytes = result.partitions.reduce((sum, pruned) => sum + pruned.bytes, 0n);
  const resolved =
    result.resolved === 0 ? '' : `; bytes of ${counted(result.resolved, 'refused event')} let go`;
  context.emit({
    type: 'note',
    message:
      events === 0 && result.resolved === 0
        ? `nothing to prune: no promoted event is from before ${plan.before}`
        : `${counted(events, 'event')} (${megabytes(bytes)}) pruned in ${result.seconds.toFixed(1)} s${resolved}`,
  });
}

function planText({ partitions, resolved, before }: PrunePlan): string {
  const events = partitions.reduce((sum, planned) => sum + planned.events, 0);
  const bytes = partitions.reduce((sum, planned) => sum + planned.bytes, 0n);
  const letGo =
    resolved.events === 0
      ? ''
      : `, and the bytes (${megabytes(resolved.bytes)}) of ${counted(resolved.events, 'refused event')}`;
  return `${counted(events, 'event')} (${megabytes(bytes)}) from before ${before} to remove${letGo}`;
}

function partitionText({ topic, partition, events, bytes, keptOpen }: Planned): string {
  const kept = keptOpen === 0 ? '' : `; ${keptOpen} stay, open in the quarantine`;
  return `${topic} ${partition}: ${counted(events, 'event')} (${megabytes(bytes)})${kept}`;
}

type Planned = PrunePlan['partitions'][number];

function planTable({ partitions }: PrunePlan): ResultTable {
  return tableOf(
    ['partition', 'events', 'bytes', 'from_offset', 'to_offset', 'kept_open'],
    partitions.map((row) => [
      row.topic,
      ...[row.partition, row.events, row.bytes].map(String),
      row.fromOffset === undefined ? null : String(row.fromOffset),
      row.toOffset === undefined ? null : String(row.toOffset),
      String(row.keptOpen),
    ]),
  );
}

function resultTable({ partitions }: PruneResult): ResultTable {
  return tableOf(
    ['partition', 'events', 'bytes', 'current', 'duplicates', 'superseded', 'refused'],
    partitions.map((row) => [
      row.topic,
      ...[row.partition, row.events, row.bytes].map(String),
      ...[row.current, row.duplicates, row.superseded, row.refused].map(String),
    ]),
  );
}

function tableOf(numbers: readonly string[], rows: (string | null)[][]): ResultTable {
  const kind = 'number' as const;
  const isQuantity = (name: string): boolean => !/^partition$|_offset$/.test(name);
  return {
    columns: [
      { name: 'topic', kind: 'text' },
      ...numbers.map((name) => ({ name, kind, isQuantity: isQuantity(name) })),
    ],
    rows,
  };
}
