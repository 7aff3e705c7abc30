import { usageError } from '../../errors.ts';
import { REASONS, type Reason } from '../../event/reasons.ts';
import { counted } from '../../number.ts';
import type { Selection } from '../../postgres/quarantine.ts';
import { parseCoordinates } from '../../query/quarantine/coordinates.ts';
import { confirm } from '../confirm.ts';
import type { CommandContext } from '../context.ts';
import { checkDays, choice, days, group, option, type Values } from '../flags.ts';
import { parsePartition } from '../options.ts';

/** Which rejected events a command is about: the flags that say it, and what is asked before they are changed. */

/** How an event is named, for the help. */
export const COORDINATES = 'its coordinates, topic/partition/offset, as list prints them';

/** Flags that narrow the events that are meant. */
export const FILTER = group('Which events:', {
  reason: choice(
    '--reason <reason>',
    'rejected for this reason',
    Object.keys(REASONS) as readonly Reason[],
  ),
  '--field <path>': 'rejected at this field: order.currency, items[].unit_price',
  /** Everywhere else --topic is the default topic: here its value is kept under a name of its own. */
  ofTopic: option('--topic <topic>', 'of this topic, as list prints it or plain', String),
  partition: option('--partition <n>', 'of this partition', parsePartition),
  ...days('rejected from this UTC day on', 'rejected up to this UTC day'),
});

/** The same for a command that changes events: named one by one, by those flags, or all of them. */
export const CHOICE = {
  ...FILTER,
  ...group('Which events:', { '--all': 'all events' }),
  '--yes': 'do not ask',
};

type FilterFlags = Values<typeof FILTER>;
export type ChoiceFlags = Values<typeof CHOICE>;
type Filter = Omit<Selection, 'status'>;

/**
 * The events that flags or coordinates mean.
 * @throws MedallionError usage
 */
export function filterOf(flags: FilterFlags, events: readonly string[] = []): Filter {
  const { reason, field, ofTopic: topic, partition, since, until } = flags;
  checkDays(flags);
  const filter = { reason, field, topic, partition, since, until };
  if (events.length === 0) {
    return filter;
  }
  if (isNarrow(filter)) {
    throw usageError('choose events either by coordinates or by flags, not both');
  }
  return { events: events.map(parseCoordinates) };
}

function isNarrow(filter: Filter): boolean {
  return Object.values(filter).some((value) => value !== undefined);
}

/**
 * The events that a command is to change; which ones has to be said, one way or another.
 * @throws MedallionError usage
 */
export function chosen(flags: ChoiceFlags, events: readonly string[], command: string): Filter {
  const filter = filterOf(flags, events);
  if (isNarrow(filter) === flags.all) {
    throw usageError(
      flags.all
        ? '--all cannot be used with other choices of events'
        : `${command} needs a choice of events`,
      'Give their coordinates, choose them with --reason and the like, or use --all.',
    );
  }
  return filter;
}

/** What a command does, for the question whether it may: Dismiss, dismisses, dismissed. */
export interface Change {
  readonly command: string;
  readonly ask: string;
  readonly does: string;
  readonly done: string;
}

/** What asks before many events are changed. */
export function askFor(
  change: Change,
  { yes }: ChoiceFlags,
  context: CommandContext,
): (events: number, status: string) => Promise<void> {
  return async (events, status) => {
    const what = counted(events, `${status} event`);
    if (!yes && !process.stdin.isTTY) {
      context.note(`${what} would be ${change.done}`);
    }
    await confirm(`${change.ask} ${what}?`, { ...change, yes }, context.signal);
  };
}
