import { userInfo } from 'node:os';
import { MedallionError } from '../../errors.ts';
import type { ConnectionSettings } from '../../postgres/client.ts';
import type { Obstacle, ReplayResult } from '../../promote/replay.ts';
import { withWarehouse } from '../../postgres/warehouse.ts';
import { settle, statusFor, type Decision } from '../../quarantine/settle.ts';
import type { Retry } from '../../retry.ts';
import type { Asking } from '../confirm.ts';
import type { CommandContext } from '../context.ts';
import { counted } from '../../number.ts';
import type { ResultTable } from '../render/output.ts';
import { summary, warnOfChecks } from '../render/promotion-view.ts';
import { checkEngineFlags, runPromote, type PromoteFlags } from './promote.ts';
import { checkChoice, choose, filterOf, type ChoiceFlags } from './quarantine-choice.ts';

/** What changes refused events: judging them again, dismissing them, taking that back. */

type ReplayFlags = ChoiceFlags &
  Pick<PromoteFlags, 'layer' | 'chunkRows' | 'memoryLimit' | 'threads'> & {
    readonly maxEventBytes: number;
  };

/** Judges the events that are meant again, and promotes those that pass. */
export async function replay(
  context: CommandContext,
  flags: ReplayFlags,
  events: string[],
): Promise<void> {
  checkEngineFlags(flags);
  const filter = filterOf(flags, events);
  checkChoice(filter, flags, 'replay');
  const work = async (settings: ConnectionSettings, retry: Retry): Promise<void> => {
    const asking = { command: 'replay', ask: 'Judge again', does: 'replays', done: 'judged again' };
    if ((await choose(settings, filter, 'open', flags, asking, context)) === 0) {
      return;
    }
    const { chunkRows, memoryLimit, threads, layer, maxEventBytes } = flags;
    const promoteFlags = {
      ...{ chunkRows, memoryLimit },
      ...(threads === undefined ? {} : { threads }),
      ...(layer === undefined ? {} : { layer }),
    };
    const result = await runPromote(settings, retry, promoteFlags, context, {
      replay: { selection: filter, maxEventBytes },
    });
    const replayed = result.replay ?? { outcomes: [], obstacles: [] };
    if (replayed.outcomes.length > 0 || context.format !== undefined) {
      await context.writeRows(outcomeTable(replayed));
    }
    warnOfChecks(result, context);
    for (const { obstacle, events: stuck } of replayed.obstacles) {
      context.emit({
        type: 'warning',
        message: `${counted(stuck, 'event')} cannot be judged again: ${OBSTACLES[obstacle]}`,
      });
    }
    context.emit({ type: 'note', message: summary(result) });
  };
  await withWarehouse(context.config, context, work, { writes: true });
}

const OBSTACLES: Readonly<Record<Obstacle, string>> = {
  not_text:
    'bytes that are no text have no place in bronze.events. Export, mend and ingest them as a file',
  empty_value: 'a message without a value says nothing',
  cut_off:
    'only the beginning was kept. Ingest the original again, with a larger --max-event-bytes',
  over_limit: 'larger than --max-event-bytes allows',
  not_promoted: 'silver has not come so far in their partition. medallion promote goes first',
  not_in_bronze: 'bronze.events does not hold them any more. Export and ingest them as a file',
};

function outcomeTable({ outcomes }: ReplayResult): ResultTable {
  return {
    columns: [
      ...['outcome', 'reason', 'field'].map((name) => ({ name, kind: 'text' as const })),
      { name: 'events', kind: 'number', isQuantity: true },
    ],
    rows: outcomes.map(({ outcome, reason, field, events }) => [
      ...[outcome, reason, field],
      String(events),
    ]),
  };
}

type SettleFlags = ChoiceFlags & { readonly note?: string };

/** Sets the events that are meant aside. */
export async function dismiss(
  context: CommandContext,
  flags: SettleFlags,
  events: string[],
): Promise<void> {
  const asking = { command: 'dismiss', ask: 'Dismiss', does: 'dismisses', done: 'dismissed' };
  await decide('dismiss', asking, context, flags, events);
}

/** Takes the dismissal of the events that are meant back. */
export async function reopen(
  context: CommandContext,
  flags: SettleFlags,
  events: string[],
): Promise<void> {
  const asking = { command: 'reopen', ask: 'Reopen', does: 'reopens', done: 'reopened' };
  await decide('reopen', asking, context, flags, events);
}

async function decide(
  decision: Decision,
  asking: Asking & { readonly ask: string },
  context: CommandContext,
  flags: SettleFlags,
  events: readonly string[],
): Promise<void> {
  const selection = filterOf(flags, events);
  checkChoice(selection, flags, decision);
  if (flags.note?.trim() === '') {
    throw new MedallionError('usage', '--note is blank');
  }
  const work = async (settings: ConnectionSettings): Promise<void> => {
    const chosen = await choose(settings, selection, statusFor(decision), flags, asking, context);
    if (chosen === 0) {
      return;
    }
    const settled = await settle(settings, decision, {
      selection,
      note: flags.note,
      osUser: osUser(),
      arguments: context.commandLine,
    });
    context.emit({ type: 'note', message: `${asking.done} ${counted(settled, 'event')}` });
  };
  await withWarehouse(context.config, context, work, { writes: true });
}

/** Who runs this process; a container may have no name for its user. */
function osUser(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${String(process.getuid?.() ?? '')}`;
  }
}
