import { Option, type Command } from 'commander';
import path from 'node:path';
import { MAX_EVENT_BYTES } from '../../app/quarantine.ts';
import {
  quarantined,
  quarantinedEvent,
  quarantineSummary,
  writeQuarantined,
} from '../../app/query.ts';
import { counted, grouped } from '../../number.ts';
import { STATUSES, type Status } from '../../postgres/quarantine.ts';
import { parseCoordinates } from '../../query/quarantine/coordinates.ts';
import { addGlobalFlags, type CommandContext } from '../context.ts';
import { command, type Manual } from '../help.ts';
import { parseCount } from '../options.ts';
import { eventLines, groupLines } from '../render/quarantine-list.ts';
import { quarantinedRow, renderQuarantined } from '../render/quarantined.ts';
import type { RunCommand } from '../run-command.ts';
import { addEngineFlags } from './promote.ts';
import { decide, replay } from './quarantine-change.ts';
import {
  addChoiceFlags,
  addFilterFlags,
  COORDINATES,
  filterOf,
  type FilterFlags,
} from './quarantine-choice.ts';

export function createQuarantineCommand(run: RunCommand): Command {
  const quarantine = command(
    'quarantine',
    'rejected events: look at them, judge them again, dismiss or export them',
    MANUAL,
  ).enablePositionalOptions();
  const commands = [
    addFilterFlags(
      command('list', 'list rejected events, the latest first', {
        examples: [
          'medallion quarantine list --summary',
          'medallion quarantine list --reason invalid_json --limit 5',
        ],
        seeAlso: ['quarantine show', 'quarantine export'],
      }),
    )
      .addOption(statusOption())
      .option('--summary', 'count them by reason and field instead, with an example of each')
      .option('--limit <n>', 'rows, at most', parseCount, 50)
      .action(run(list)),
    command('show', 'show one rejected event: why, what happened to it, and its bytes', {
      examples: ['medallion quarantine show landing/sales/0/123'],
      seeAlso: ['quarantine list', 'trace'],
    })
      .argument('<event>', COORDINATES)
      .option('--raw', 'write its bytes to stdout, exactly as they were received')
      .action(run(show)),
    addEngineFlags(
      addChoiceFlags(
        command('replay', 'judge open events again, by the rules and the dimension rows of today', {
          examples: ['medallion quarantine replay --field order.payment_method --yes'],
          exits: {
            4: 'a check of severity error failed: what it is about stays as it was',
            5: 'a promotion, or another change of the quarantine, is running',
          },
          seeAlso: ['quarantine list', 'promote'],
        }),
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
      .action(run(replay)),
    addChoiceFlags(
      command('dismiss', 'set open events aside for good', {
        examples: ['medallion quarantine dismiss --reason invalid_json --note mended --yes'],
        exits: { 5: 'another change of the quarantine is running' },
        seeAlso: ['quarantine reopen', 'quarantine export'],
      }),
    )
      .requiredOption('--note <text>', 'why, for those who come after')
      .action(run(decide('dismiss'))),
    addChoiceFlags(
      command('reopen', 'take a dismissal back', {
        examples: ['medallion quarantine reopen --reason invalid_json --yes'],
        exits: { 5: 'another change of the quarantine is running' },
        seeAlso: ['quarantine dismiss', 'quarantine replay'],
      }),
    )
      .option('--note <text>', 'why, for those who come after')
      .action(run(decide('reopen'))),
    addFilterFlags(
      command('export', 'write rejected events as NDJSON, to be mended and ingested again', {
        examples: ['medallion quarantine export --reason invalid_json --to broken.ndjson'],
        seeAlso: ['ingest', 'quarantine dismiss'],
      }).argument('[events...]', COORDINATES),
    )
      .addOption(statusOption())
      .option('--to <file>', 'the file to write, gzipped when it ends in .gz; - is stdout', '-')
      .action(run(exportEvents)),
  ];
  for (const command of commands) {
    quarantine.addCommand(addGlobalFlags(command));
  }
  return quarantine;
}

const MANUAL: Manual = {
  details: `
An event is named by its coordinates, as list prints them: sales/0/123,
landing/sales/0/123, file:/tmp/x.ndjson/0/7. Partition and offset are the last
two parts.

replay takes the same way as promote: facts, duplicates, corrections and days of
gold come out as if the event had been good from the start. What is refused
still stays open. Events that ingest rejected are not in bronze: not_text,
undecodable and empty_value cannot be judged; too_large can, if it was kept
whole. export writes an event as its own line; one that is no line of text, or
was cut, comes as
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
};

function statusOption(): Option {
  return new Option('--status <status>', 'in this status')
    .choices([...STATUSES, 'all'])
    .default('open');
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
  if (flags.summary === true) {
    const groups = await quarantineSummary(context.config, context.call, selection);
    await context.writeRows(groups, (width) => groupLines(groups, width));
    return;
  }
  const { events, total } = await quarantined(context.config, context.call, selection, flags.limit);
  await context.writeRows(events, (width) => eventLines(events, width));
  if (total > events.rows.length) {
    context.emit({
      type: 'note',
      message: `the latest ${grouped(events.rows.length)} of ${grouped(total)}; --limit shows more, --summary counts them`,
    });
  }
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
  const bytes = isWhole ? Number.POSITIVE_INFINITY : SHOWN_BYTES;
  const event = await quarantinedEvent(context.config, context.call, place, bytes);
  if (flags.raw === true) {
    await context.write(event.raw ?? '');
  } else if (context.format !== undefined) {
    await context.writeRows(quarantinedRow(event));
  } else {
    await context.write(renderQuarantined(event, context.width));
  }
}

async function exportEvents(
  context: CommandContext,
  flags: FilterFlags & { readonly status: Status | 'all'; readonly to: string },
  events: string[],
): Promise<void> {
  const selection = { ...filterOf(flags, events), status: flags.status };
  const target = flags.to === '-' ? context.write : path.resolve(context.cwd, flags.to);
  const result = await writeQuarantined(context.config, context.call, selection, target);
  const notes = [
    `${counted(result.events, 'event')} written to ${result.target}`,
    ...(result.enveloped === 0
      ? []
      : [
          `${counted(result.enveloped, 'event')} in JSON with base64, being no line of text or not whole`,
        ]),
    ...(result.empty === 0 ? [] : [`${counted(result.empty, 'event')} without a value left out`]),
  ];
  context.emit({ type: 'note', message: notes.join('; ') });
}
