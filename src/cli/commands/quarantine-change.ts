import { decideQuarantined, MAX_EVENT_BYTES, replayQuarantined } from '../../app/quarantine.ts';
import { usageError } from '../../errors.ts';
import { counted } from '../../number.ts';
import type { Obstacle } from '../../promote/replay.ts';
import { command } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { choice, ENGINE, option, required } from '../flags.ts';
import { summary, warnOfChecks } from '../render/promotion-view.ts';
import { quantities, resultOf, texts } from '../render/result.ts';
import {
  askFor,
  CHOICE,
  chosen,
  COORDINATES,
  type Change,
  type ChoiceFlags,
} from './quarantine-choice.ts';

/** What changes rejected events: judging them again, dismissing them, taking that back. */

const REPLAY: Change = {
  ...{ command: 'replay', ask: 'Judge again', does: 'replays', done: 'judged again' },
};

export const replayCommand = command(
  'replay',
  'judge open events again, by the rules and the dimension rows of today',
  {
    examples: ['medallion quarantine replay --field order.payment_method --yes'],
    exits: {
      4: 'a check of severity error failed: its tables are unchanged',
      5: 'a promotion, or another change of the quarantine, is running',
    },
    seeAlso: ['quarantine list', 'promote'],
    arguments: [['[events...]', COORDINATES]],
    options: {
      ...CHOICE,
      ...ENGINE,
      layer: choice('--layer <layer>', 'silver only; gold catches up with the next promote', [
        'silver',
      ]),
      '--max-event-bytes <n>': [
        'accept events into bronze that were too_large, up to this size',
        MAX_EVENT_BYTES,
      ],
    },
    run: async (context, flags, events) => {
      const { engine, layer, chunkRows, memoryLimit, threads, maxEventBytes } = flags;
      const result = await replayQuarantined(context.config, {
        ...{ ...context.call, selection: chosen(flags, events, 'replay') },
        ...{ engine, layer, chunkRows, memoryLimit, threads, maxEventBytes },
        confirm: askFor(REPLAY, flags, context),
      });
      const { outcomes, obstacles } = result?.replay ?? { outcomes: [], obstacles: [] };
      const kinds = { ...texts('outcome', 'reason', 'field'), ...quantities('events') };
      await context.writeNews(resultOf(kinds, outcomes));
      if (result === undefined) {
        return;
      }
      warnOfChecks(result, context);
      for (const { obstacle, events: stuck } of obstacles) {
        context.warn(`${counted(stuck, 'event')} cannot be judged again: ${OBSTACLES[obstacle]}`);
      }
      context.note(summary(result));
    },
  },
);

const OBSTACLES: Readonly<Record<Obstacle, string>> = {
  not_text:
    'their bytes are not text, which bronze.events cannot store. Export them, fix them, and ingest them as a file',
  invalid_json:
    'they are not JSON, so that the fields that their source drops cannot be found. Export them, fix them, and ingest them as a file',
  undecodable:
    'they are rows of a file, or KAFKA_FORMAT (kafka.format) does not say how the values of their topic are decoded',
  not_stored:
    'their bytes were not stored, because their source drops fields. Fix them where they come from, and send them again',
  empty_value: 'the messages have no value',
  cut_off:
    'only their beginning was stored. Ingest the original again, with a larger --max-event-bytes',
  over_limit: 'they are larger than --max-event-bytes',
  not_promoted: 'silver has not reached them yet in their partition. Run medallion promote first',
  not_in_bronze:
    'bronze.events does not have them any more. Export them, and ingest them as a file',
};

const DISMISSAL = {
  command: 'dismiss',
  ask: 'Dismiss',
  does: 'dismisses',
  done: 'dismissed',
} as const;
const REOPENING = { command: 'reopen', ask: 'Reopen', does: 'reopens', done: 'reopened' } as const;

export const dismissCommand = command('dismiss', 'set open events aside permanently', {
  examples: ['medallion quarantine dismiss --reason invalid_json --note fixed --yes'],
  exits: { 5: 'another change of the quarantine is running' },
  seeAlso: ['quarantine reopen', 'quarantine export'],
  arguments: [['[events...]', COORDINATES]],
  options: {
    ...CHOICE,
    note: required(option('--note <text>', 'a note on the reason, for later readers', String)),
  },
  run: (context, flags, events) => decide(DISMISSAL, context, flags, events),
});

export const reopenCommand = command('reopen', 'take a dismissal back', {
  examples: ['medallion quarantine reopen --reason invalid_json --yes'],
  exits: { 5: 'another change of the quarantine is running' },
  seeAlso: ['quarantine dismiss', 'quarantine replay'],
  arguments: [['[events...]', COORDINATES]],
  options: {
    ...CHOICE,
    '--note <text>': 'a note on the reason, for later readers',
  },
  run: (context, flags, events) => decide(REOPENING, context, flags, events),
});

/** Sets the events that are meant aside, or takes that back. */
async function decide(
  change: typeof DISMISSAL | typeof REOPENING,
  context: CommandContext,
  flags: ChoiceFlags & { readonly note: string | undefined },
  events: readonly string[],
): Promise<void> {
  const selection = chosen(flags, events, change.command);
  const { note } = flags;
  if (note?.trim() === '') {
    throw usageError('--note is blank');
  }
  const changed = await decideQuarantined(context.config, change.command, {
    ...{ ...context.call, selection, note },
    confirm: askFor(change, flags, context),
  });
  if (changed !== undefined) {
    context.note(`${change.done} ${counted(changed, 'event')}`);
  }
  if (context.format !== undefined) {
    const kinds = { ...texts('outcome'), ...quantities('events') };
    await context.writeRows(resultOf(kinds, [{ outcome: change.done, events: changed ?? 0 }]));
  }
}
