import { Command, Option } from 'commander';
import path from 'node:path';
import { MAX_EVENT_BYTES } from '../../bronze/admission.ts';
import { lineWriter, openFileWriter } from '../../log/files/stream-writer.ts';
import { STATUSES, type Status } from '../../postgres/quarantine.ts';
import { withWarehouse } from '../../postgres/warehouse.ts';
import { parseCoordinates } from '../../quarantine/coordinates.ts';
import { exportQuarantined } from '../../quarantine/export.ts';
import { listQuarantined, summarizeQuarantine } from '../../quarantine/list.ts';
import { showQuarantined } from '../../quarantine/show.ts';
import { addGlobalFlags, type CommandContext } from '../context.ts';
import { manual } from '../help.ts';
import { parseCount } from '../options.ts';
import { counted, grouped } from '../../number.ts';
import { eventLines, eventTable, groupLines, groupTable } from '../render/quarantine-list.ts';
import { quarantinedRow, renderQuarantined } from '../render/quarantined.ts';
import type { RunCommand } from '../run-command.ts';
import { addEngineFlags } from './promote.ts';
import { dismiss, reopen, replay } from './quarantine-change.ts';
import {
  addChoiceFlags,
  addFilterFlags,
  COORDINATES,
  filterOf,
  type FilterFlags,
} from './quarantine-choice.ts';

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

async function exportEvents(
  context: CommandContext,
  flags: FilterFlags & { readonly status: Status | 'all'; readonly to: string },
  events: string[],
): Promise<void> {
  const selection = { ...filterOf(flags, events), status: flags.status };
  await withWarehouse(context.config, context, async (settings) => {
    const writer =
      flags.to === '-'
        ? lineWriter(context.write, 'stdout')
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
