import { Command, Option } from 'commander';
import { userInfo } from 'node:os';
import path from 'node:path';
import { MedallionError } from '../../errors.ts';
import { REASONS } from '../../event/reasons.ts';
import { MAX_EVENT_BYTES } from '../../ingest/admission.ts';
import { openFileWriter, streamWriter } from '../../log/landing/stream-writer.ts';
import type { ConnectionSettings } from '../../postgres/client.ts';
import {
  STATUSES,
  type Coordinates,
  type Selection,
  type Status,
} from '../../postgres/quarantine.ts';
import { withWarehouse } from '../../postgres/warehouse.ts';
import type { Obstacle, ReplayResult } from '../../promote/replay.ts';
import { formatCoordinates, parseCoordinates } from '../../quarantine/coordinates.ts';
import { exportQuarantined } from '../../quarantine/export.ts';
import { countQuarantined, listQuarantined, summarizeQuarantine } from '../../quarantine/list.ts';
import { settle, statusFor, type Decision } from '../../quarantine/settle.ts';
import { showQuarantined } from '../../quarantine/show.ts';
import { confirm, type Asking } from '../confirm.ts';
import { addGlobalFlags, type CommandContext } from '../context.ts';
import { manual } from '../help.ts';
import type { RunCommand } from '../run-command.ts';
import { parseCount, parseDay, parsePartition } from '../options.ts';
import { counted, grouped } from '../render/number.ts';
import type { ResultTable } from '../render/output.ts';
import { summary, warnOfChecks } from '../render/promotion-view.ts';
import { eventLines, eventTable, groupLines, groupTable } from '../render/quarantine-list.ts';
import { quarantinedRow, renderQuarantined } from '../render/quarantined.ts';
import { addEngineFlags, checkEngineFlags, runPromote, type PromoteFlags } from './promote.ts';

interface FilterFlags {
  readonly reason?: string;
  readonly field?: string;
  readonly ofTopic?: string;
  readonly partition?: number;
  readonly since?: string;
  readonly until?: string;
}

interface ChoiceFlags extends FilterFlags {
  readonly all?: boolean;
  readonly yes?: boolean;
}

export function createQuarantineCommand(run: RunCommand): Command {
  const quarantine = new Command('quarantine')
    .description('refused events: look at them, judge them again, dismiss or export them')
    .enablePositionalOptions();
  const commands = [
    addFilterFlags(new Command('list').description('list refused events, the latest first'))
      .addOption(statusOption())
      .option('--summary', 'count them by reason and field instead, with an example of each')
      .option('--limit <n>', 'rows, at most', parseCount, 50)
      .addHelpText(
        'after',
        manual({
          examples: [
            'medallion quarantine list --summary',
            'medallion quarantine list --reason invalid_json --limit 5',
          ],
          seeAlso: ['quarantine show', 'quarantine export'],
        }),
      )
      .action(run(list)),
    new Command('show')
      .description('show one refused event: why, what happened to it, and its bytes')
      .argument('<event>', COORDINATES)
      .option('--raw', 'write its bytes to stdout, exactly as they were received')
      .addHelpText(
        'after',
        manual({
          examples: ['medallion quarantine show landing/sales/0/123'],
          seeAlso: ['quarantine list', 'trace'],
        }),
      )
      .action(run(show)),
    addEngineFlags(
      addChoiceFlags(
        new Command('replay').description(
          'judge open events again, by the rules and the dimension rows of today',
        ),
      ),
    )
      .addOption(
        new Option('--layer <layer>', 'silver only; gold catches up with the next promote').choices(
          ['silver'],
        ),
      )
      .option(
        '--max-event-bytes <n>',
        'take events that were too_large into bronze up to this size',
        parseCount,
        MAX_EVENT_BYTES,
      )
      .addHelpText(
        'after',
        manual({
          examples: ['medallion quarantine replay --field order.payment_method --yes'],
          exits: {
            4: 'a check of severity error failed: what it is about stays as it was',
            5: 'a promotion, or another change of the quarantine, is running',
          },
          seeAlso: ['quarantine list', 'promote'],
        }),
      )
      .action(run(replay)),
    addChoiceFlags(new Command('dismiss').description('set open events aside for good'))
      .requiredOption('--note <text>', 'why, for those who come after')
      .addHelpText(
        'after',
        manual({
          examples: ['medallion quarantine dismiss --reason invalid_json --note mended --yes'],
          exits: { 5: 'another change of the quarantine is running' },
          seeAlso: ['quarantine reopen', 'quarantine export'],
        }),
      )
      .action(run(dismiss)),
    addChoiceFlags(new Command('reopen').description('take a dismissal back'))
      .option('--note <text>', 'why, for those who come after')
      .addHelpText(
        'after',
        manual({
          examples: ['medallion quarantine reopen --reason invalid_json --yes'],
          exits: { 5: 'another change of the quarantine is running' },
          seeAlso: ['quarantine dismiss', 'quarantine replay'],
        }),
      )
      .action(run(reopen)),
    addFilterFlags(
      new Command('export')
        .description('write refused events as NDJSON, to be mended and ingested again')
        .argument('[events...]', COORDINATES),
    )
      .addOption(statusOption())
      .option('--to <file>', 'the file to write, gzipped when it ends in .gz; - is stdout', '-')
      .addHelpText(
        'after',
        manual({
          examples: ['medallion quarantine export --reason invalid_json --to broken.ndjson'],
          seeAlso: ['ingest', 'quarantine dismiss'],
        }),
      )
      .action(run(exportEvents)),
  ];
  for (const command of commands) {
    quarantine.addCommand(addGlobalFlags(command));
  }
  return quarantine.addHelpText('after', MANUAL);
}

const COORDINATES = 'its coordinates, topic/partition/offset, as list prints them';

const MANUAL = manual({
  details: `
An event is named by its coordinates, as list prints them: sales/0/123,
landing/sales/0/123, file:/tmp/x.ndjson/0/7. Partition and offset are the last
two parts.

replay takes the same way as promote: facts, duplicates, corrections and days of
gold come out as if the event had been good from the start. What is refused
still stays open. Events that ingest refused are not in bronze: not_text and
empty_value cannot be judged; too_large can, if it was kept whole. export writes
an event as its own line; one that is no line of text, or was cut, comes as
{"quarantined", "reason", "field", "detail", "base64"}. Mended, it is a new
event of a new file: dismiss the old one.`,
  examples: [
    'medallion quarantine list --summary',
    'medallion quarantine show sales/0/123',
    'medallion sql --write "insert into silver.dim_payment_method values (4, \'voucher\')"',
    'medallion quarantine replay --reason unknown_reference --field order.payment_method',
    'medallion quarantine export --reason invalid_json --to broken.ndjson',
    ['medallion ingest --from broken.ndjson', 'after mending it'],
    'medallion quarantine dismiss --reason invalid_json --note "mended by hand" --yes',
  ],
  seeAlso: ['ingest', 'promote', 'status'],
});

/** --topic is the default topic everywhere else, and here a filter: its value is kept under a name of its own. */
class TopicFilter extends Option {
  override attributeName(): string {
    return 'ofTopic';
  }
}

function addFilterFlags(command: Command): Command {
  return command
    .optionsGroup('Which events:')
    .addOption(
      new Option('--reason <reason>', 'refused for this reason').choices(Object.keys(REASONS)),
    )
    .option('--field <path>', 'refused at this field: order.currency, items[].unit_price')
    .addOption(new TopicFilter('--topic <topic>', 'of this topic, as list prints it or plain'))
    .option('--partition <n>', 'of this partition', parsePartition)
    .option('--since <day>', 'refused from this UTC day on', parseDay)
    .option('--until <day>', 'refused up to this UTC day', parseDay)
    .optionsGroup('Options:');
}

function addChoiceFlags(command: Command): Command {
  return addFilterFlags(command.argument('[events...]', COORDINATES))
    .addOption(new Option('--all', 'every one').helpGroup('Which events:'))
    .option('--yes', 'do not ask');
}

function statusOption(): Option {
  return new Option('--status <status>', 'in this status')
    .choices([...STATUSES, 'all'])
    .default('open');
}

type Filter = Omit<Selection, 'status'>;

/** @throws MedallionError usage */
function filterOf(flags: FilterFlags, events: readonly string[] = []): Filter {
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

async function list(
  context: CommandContext,
  flags: FilterFlags & {
    readonly status: Status | 'all';
    readonly summary?: boolean;
    readonly limit: number;
  },
): Promise<void> {
  const selection = { ...filterOf(flags), status: flags.status };
  await withWarehouse(context.config, context, async (settings) => {
    if (flags.summary === true) {
      const groups = await summarizeQuarantine(settings, selection, context);
      await context.writeRows(groupTable(groups), (width) => groupLines(groups, width));
      return;
    }
    const { events, total } = await listQuarantined(settings, selection, flags.limit, context);
    await context.writeRows(eventTable(events), (width) => eventLines(events, width));
    if (total > events.length) {
      context.emit({
        type: 'note',
        message: `the latest ${grouped(events.length)} of ${grouped(total)}; --limit shows more, --summary counts them`,
      });
    }
  });
}

/** What show prints of an event for people. */
const SHOWN_BYTES = 64 << 10;

async function show(
  context: CommandContext,
  flags: { readonly raw?: boolean },
  [argument = '']: string[],
): Promise<void> {
  const place = parseCoordinates(argument);
  const isWhole = flags.raw === true || context.format !== undefined;
  await withWarehouse(context.config, context, async (settings) => {
    const event = await showQuarantined(
      settings,
      place,
      isWhole ? Number.POSITIVE_INFINITY : SHOWN_BYTES,
      context,
    );
    if (flags.raw === true) {
      await context.write(event.raw ?? '');
    } else if (context.format !== undefined) {
      await context.writeRows(quarantinedRow(event));
    } else {
      await context.write(renderQuarantined(event, context.width));
    }
  });
}

/**
 * Counts the events that a command is to change, after making sure that it was said which ones, and asks where many
 * are meant.
 * @throws MedallionError usage, input, interrupted
 */
async function choose(
  settings: ConnectionSettings,
  filter: Filter,
  status: Status,
  flags: ChoiceFlags,
  asking: Asking & { readonly ask: string },
  context: CommandContext,
): Promise<number> {
  const count = async (selection: Selection): Promise<number> =>
    countQuarantined(settings, selection, context);
  const events = await count({ ...filter, status });
  if (filter.events !== undefined) {
    await checkNamed(filter.events, status, count, context);
  } else if (events > 0 && flags.yes !== true) {
    const what = counted(events, `${status} event`);
    if (!process.stdin.isTTY) {
      context.emit({ type: 'note', message: `${what} would be ${asking.done}` });
    }
    await confirm(`${asking.ask} ${what}?`, asking, context.signal);
  }
  if (events === 0 && filter.events === undefined) {
    context.emit({ type: 'note', message: `no ${status} event is meant: nothing to do` });
  }
  return events;
}

/** Which events are meant has to be said, one way or another. */
function checkChoice(filter: Filter, flags: ChoiceFlags, command: string): void {
  const isAll = flags.all === true;
  if (isNarrow(filter) === isAll) {
    throw new MedallionError(
      'usage',
      isAll ? '--all leaves no choice: drop it, or the others' : `${command} which events?`,
      { hint: 'Name them by their coordinates, choose them with --reason and others, or --all.' },
    );
  }
}

/** An event that was named and is not there is a mistake; one in another status has been dealt with. */
async function checkNamed(
  events: readonly Coordinates[],
  status: Status,
  count: (selection: Selection) => Promise<number>,
  context: CommandContext,
): Promise<void> {
  for (const event of events) {
    const named = { events: [event] };
    if ((await count({ ...named, status: 'all' })) === 0) {
      throw new MedallionError('input', `${formatCoordinates(event)} is not in the quarantine`, {
        hint: 'medallion quarantine list --status all prints the coordinates of what is.',
      });
    }
    if ((await count({ ...named, status })) === 0) {
      context.emit({
        type: 'warning',
        message: `${formatCoordinates(event)} is not ${status}: it stays as it is`,
      });
    }
  }
}

type ReplayFlags = ChoiceFlags &
  Pick<PromoteFlags, 'layer' | 'chunkRows' | 'memoryLimit' | 'threads'> & {
    readonly maxEventBytes: number;
  };

async function replay(
  context: CommandContext,
  flags: ReplayFlags,
  events: string[],
): Promise<void> {
  checkEngineFlags(flags);
  const filter = filterOf(flags, events);
  checkChoice(filter, flags, 'replay');
  await withWarehouse(context.config, context, async (settings, outage) => {
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
    const result = await runPromote(settings, outage, promoteFlags, context, {
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
  });
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

async function dismiss(
  context: CommandContext,
  flags: SettleFlags,
  events: string[],
): Promise<void> {
  const asking = { command: 'dismiss', ask: 'Dismiss', does: 'dismisses', done: 'dismissed' };
  await decide('dismiss', asking, context, flags, events);
}

async function reopen(
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
  await withWarehouse(context.config, context, async (settings) => {
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
  });
}

/** Who runs this process; a container may have no name for its user. */
function osUser(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${String(process.getuid?.() ?? '')}`;
  }
}

async function exportEvents(
  context: CommandContext,
  flags: FilterFlags & { readonly status: Status | 'all'; readonly to: string },
  events: string[],
): Promise<void> {
  const selection = { ...filterOf(flags, events), status: flags.status };
  await withWarehouse(context.config, context, async (settings) => {
    const writer =
      flags.to === '-'
        ? streamWriter(process.stdout, 'stdout')
        : await openFileWriter(path.resolve(context.cwd, flags.to));
    try {
      const result = await exportQuarantined(settings, selection, writer, context);
      await writer.close();
      const notes = [
        `${counted(result.events, 'event')} written to ${writer.description}`,
        ...(result.enveloped === 0
          ? []
          : [
              `${counted(result.enveloped, 'event')} in JSON with base64, being no line of text or not whole`,
            ]),
        ...(result.empty === 0
          ? []
          : [`${counted(result.empty, 'event')} without a value left out`]),
      ];
      context.emit({ type: 'note', message: notes.join('; ') });
    } catch (error) {
      await writer.discard?.();
      throw error;
    }
  });
}
