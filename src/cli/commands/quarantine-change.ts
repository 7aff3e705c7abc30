import { decideQuarantined, replayQuarantined, type ReplayRequest } from '../../app/quarantine.ts';
import { MedallionError } from '../../errors.ts';
import { counted } from '../../number.ts';
import type { ResultTable } from '../../postgres/query.ts';
import type { Obstacle, ReplayResult } from '../../promote/replay.ts';
import type { CommandContext } from '../context.ts';
import { summary, warnOfChecks } from '../render/promotion-view.ts';
import { resultOf } from '../render/result.ts';
import { chosen, confirmChange, type ChoiceFlags } from './quarantine-choice.ts';

/** What changes rejected events: judging them again, dismissing them, taking that back. */

type ReplayFlags = ChoiceFlags &
  Pick<
    ReplayRequest,
    'engine' | 'layer' | 'chunkRows' | 'memoryLimit' | 'threads' | 'maxEventBytes'
  >;

/** Judges the events that are meant again, and promotes those that pass. */
export async function replay(
  context: CommandContext,
  flags: ReplayFlags,
  events: string[],
): Promise<void> {
  const asking = { command: 'replay', ask: 'Judge again', does: 'replays', done: 'judged again' };
  const { engine, layer, chunkRows, memoryLimit, threads, maxEventBytes } = flags;
  const result = await replayQuarantined(context.config, {
    ...{ ...context.call, selection: chosen(flags, events, 'replay') },
    ...{ engine, layer, chunkRows, memoryLimit, threads, maxEventBytes },
    confirm: (count, status) =>
      confirmChange(counted(count, `${status} event`), flags, asking, context),
  });
  if (result === undefined) {
    return;
  }
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
}

const OBSTACLES: Readonly<Record<Obstacle, string>> = {
  not_text:
    'bytes that are no text have no place in bronze.events. Export, mend and ingest them as a file',
  undecodable:
    'they are decoded when they are ingested. Send them again, once the registry has their schema',
  empty_value: 'a message without a value says nothing',
  cut_off:
    'only the beginning was kept. Ingest the original again, with a larger --max-event-bytes',
  over_limit: 'larger than --max-event-bytes allows',
  not_promoted: 'silver has not come so far in their partition. medallion promote goes first',
  not_in_bronze: 'bronze.events does not hold them any more. Export and ingest them as a file',
};

function outcomeTable({ outcomes }: ReplayResult): ResultTable {
  return resultOf({ outcome: 'text', reason: 'text', field: 'text', events: 'quantity' }, outcomes);
}

type DecideFlags = ChoiceFlags & { readonly note?: string };

const DECISIONS = {
  dismiss: { command: 'dismiss', ask: 'Dismiss', does: 'dismisses', done: 'dismissed' },
  reopen: { command: 'reopen', ask: 'Reopen', does: 'reopens', done: 'reopened' },
} as const;

/** Sets the events that are meant aside, or takes that back. */
export function decide(
  decision: keyof typeof DECISIONS,
): (context: CommandContext, flags: DecideFlags, events: string[]) => Promise<void> {
  return async (context, flags, events) => {
    const asking = DECISIONS[decision];
    const selection = chosen(flags, events, decision);
    const { note } = flags;
    if (note?.trim() === '') {
      throw new MedallionError('usage', '--note is blank');
    }
    const changed = await decideQuarantined(context.config, decision, {
      ...{ ...context.call, selection, note },
      confirm: (count, status) =>
        confirmChange(counted(count, `${status} event`), flags, asking, context),
    });
    if (changed !== undefined) {
      context.emit({ type: 'note', message: `${asking.done} ${counted(changed, 'event')}` });
    }
  };
}
