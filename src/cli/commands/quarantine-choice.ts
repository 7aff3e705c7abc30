import { Option, type Command } from 'commander';
import { MedallionError } from '../../errors.ts';
import { REASONS } from '../../event/reasons.ts';
import type { Selection } from '../../postgres/quarantine.ts';
import { parseCoordinates } from '../../query/quarantine/coordinates.ts';
import { confirm, type Asking } from '../confirm.ts';
import type { CommandContext } from '../context.ts';
import { parseDay, parsePartition } from '../options.ts';

/** Which rejected events a command is about: the flags that say it, and what is asked before they are changed. */

/** How an event is named, for the help. */
export const COORDINATES = 'its coordinates, topic/partition/offset, as list prints them';

export interface FilterFlags {
  readonly reason?: string;
  readonly field?: string;
  readonly ofTopic?: string;
  readonly partition?: number;
  readonly since?: string;
  readonly until?: string;
}

export interface ChoiceFlags extends FilterFlags {
  readonly all?: boolean;
  readonly yes?: boolean;
}

/** --topic is the default topic everywhere else, and here a filter: its value is kept under a name of its own. */
class TopicFilter extends Option {
  override attributeName(): string {
    return 'ofTopic';
  }
}

/** Flags that narrow the events that are meant. */
export function addFilterFlags(command: Command): Command {
  return command
    .optionsGroup('Which events:')
    .addOption(
      new Option('--reason <reason>', 'rejected for this reason').choices(Object.keys(REASONS)),
    )
    .option('--field <path>', 'rejected at this field: order.currency, items[].unit_price')
    .addOption(new TopicFilter('--topic <topic>', 'of this topic, as list prints it or plain'))
    .option('--partition <n>', 'of this partition', parsePartition)
    .option('--since <day>', 'rejected from this UTC day on', parseDay)
    .option('--until <day>', 'rejected up to this UTC day', parseDay)
    .optionsGroup('Options:');
}

/** The same for a command that changes events: named one by one, by those flags, or all of them. */
export function addChoiceFlags(command: Command): Command {
  return addFilterFlags(command.argument('[events...]', COORDINATES))
    .addOption(new Option('--all', 'every one').helpGroup('Which events:'))
    .option('--yes', 'do not ask');
}

type Filter = Omit<Selection, 'status'>;

/**
 * The events that flags or coordinates mean.
 * @throws MedallionError usage
 */
export function filterOf(flags: FilterFlags, events: readonly string[] = []): Filter {
  const { reason, field, ofTopic: topic, partition, since, until } = flags;
  if (since !== undefined && until !== undefined && since > until) {
    throw new MedallionError('usage', `--since ${since} is after --until ${until}`);
  }
  const filter = { reason, field, topic, partition, since, until };
  if (events.length === 0) {
    return filter;
  }
  if (isNarrow(filter)) {
    throw new MedallionError('usage', 'events are chosen by coordinates or by flags, not both');
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
  const isAll = flags.all === true;
  if (isNarrow(filter) === isAll) {
    throw new MedallionError(
      'usage',
      isAll ? '--all leaves no choice: drop it, or the others' : `${command} which events?`,
      { hint: 'Name them by their coordinates, choose them with --reason and others, or --all.' },
    );
  }
  return filter;
}

/** Asks before many events are changed. @throws MedallionError usage, interrupted */
export async function confirmChange(
  what: string,
  flags: ChoiceFlags,
  asking: Asking & { readonly ask: string },
  context: CommandContext,
): Promise<void> {
  if (flags.yes === true) {
    return;
  }
  if (!process.stdin.isTTY) {
    context.emit({ type: 'note', message: `${what} would be ${asking.done}` });
  }
  await confirm(`${asking.ask} ${what}?`, asking, context.signal);
}
