import path from 'node:path';
import {
  quarantined,
  quarantinedEvent,
  quarantineSummary,
  writeQuarantined,
} from '../../app/query.ts';
import { counted, grouped } from '../../number.ts';
import { STATUSES } from '../../postgres/quarantine.ts';
import { parseCoordinates } from '../../query/quarantine/coordinates.ts';
import { command } from '../command.ts';
import { choice } from '../flags.ts';
import { EVENTS, GROUPS, quarantinedRow, renderQuarantined } from '../render/quarantined.ts';
import { dismissCommand, reopenCommand, replayCommand } from './quarantine-change.ts';
import { COORDINATES, FILTER, filterOf } from './quarantine-choice.ts';

const STATUS = choice(
  '--status <status>',
  'only events in this status',
  [...STATUSES, 'all'],
  'open',
);

const list = command('list', 'list rejected events, the latest first', {
  examples: [
    'medallion quarantine list --summary',
    'medallion quarantine list --reason invalid_json --limit 5',
  ],
  seeAlso: ['quarantine show', 'quarantine export'],
  options: {
    ...FILTER,
    status: STATUS,
    '--summary': 'count them by reason and field instead, with an example of each',
    '--limit <n>': ['rows, at most', 50],
  },
  run: async (context, { status, summary, limit, ...flags }) => {
    const { config, call } = context;
    const selection = { ...filterOf(flags), status };
    if (summary) {
      const groups = await quarantineSummary(config, call, selection);
      await context.writeRows(groups, GROUPS);
      return;
    }
    const { events, total } = await quarantined(config, call, selection, limit);
    await context.writeRows(events, EVENTS);
    if (total > events.rows.length) {
      context.note(
        `the latest ${grouped(events.rows.length)} of ${grouped(total)}; --limit shows more, --summary counts them`,
      );
    }
  },
});

/** What show prints of an event for people. */
const SHOWN_BYTES = 64 << 10;

const show = command('show', 'show one rejected event: its reason, its history, its bytes', {
  examples: ['medallion quarantine show landing/sales/0/123'],
  seeAlso: ['quarantine list', 'trace'],
  arguments: [['<event>', COORDINATES]],
  options: { '--raw': 'write its bytes to stdout, exactly as they were received' },
  run: async (context, { raw }, [argument = '']) => {
    const place = parseCoordinates(argument);
    const isWhole = raw || context.format !== undefined;
    const bytes = isWhole ? Number.POSITIVE_INFINITY : SHOWN_BYTES;
    const event = await quarantinedEvent(context.config, context.call, place, bytes);
    await (raw
      ? context.write(event.raw ?? '')
      : context.writeText(renderQuarantined(event, context.width), () => quarantinedRow(event)));
  },
});

const exportEvents = command('export', 'write rejected events as NDJSON, to fix and ingest again', {
  examples: ['medallion quarantine export --reason invalid_json --to broken.ndjson'],
  seeAlso: ['ingest', 'quarantine dismiss'],
  arguments: [['[events...]', COORDINATES]],
  options: {
    ...FILTER,
    status: STATUS,
    '--to <file>': ['the file to write, gzipped when it ends in .gz; - is stdout', '-'],
  },
  run: async (context, { status, to, ...flags }, events) => {
    const selection = { ...filterOf(flags, events), status };
    const target = to === '-' ? context.write : path.resolve(context.cwd, to);
    const result = await writeQuarantined(context.config, context.call, selection, target);
    const { enveloped, empty } = result;
    const notes = [
      `${counted(result.events, 'event')} written to ${result.target}`,
      ...(enveloped === 0
        ? []
        : [
            `${counted(enveloped, 'event')} in JSON with base64, because they are not one line of text, or not complete`,
          ]),
      ...(empty === 0 ? [] : [`${counted(empty, 'event')} without a value left out`]),
    ];
    context.note(notes.join('; '));
  },
});

export const quarantineCommand = command(
  'quarantine',
  'rejected events: look at them, judge them again, dismiss or export them',
  {
    details: `
An event is named by its coordinates, as list prints them: sales/0/123,
landing/sales/0/123, file:/tmp/x.ndjson/0/7. Partition and offset are the last
two parts.

replay takes the same way as promote: facts, duplicates, corrections and days of
gold come out as if the event had been good from the start. What is rejected
again stays open. Events that ingest rejected are not in bronze: not_text and
empty_value cannot be judged; too_large can, if it was kept whole, and
undecodable of a topic with a format (KAFKA_FORMAT) once the registry has its
schema. export writes an event as its own line; one that is not a line of text,
or was cut, comes as {"quarantined", "reason", "field", "detail", "base64"}.
After a correction it is a new event of a new file: dismiss the old one.`,
    examples: [
      'medallion quarantine list --summary',
      'medallion quarantine show sales/0/123',
      'medallion sql --write "insert into silver.dim_payment_method values (4, \'voucher\')"',
      'medallion quarantine replay --reason unknown_reference --field order.payment_method',
      'medallion quarantine export --reason invalid_json --to broken.ndjson',
      ['medallion ingest --from broken.ndjson', 'after you have fixed it'],
      'medallion quarantine dismiss --reason invalid_json --note "fixed by hand" --yes',
    ],
    seeAlso: ['ingest', 'promote', 'status'],
    commands: [list, show, replayCommand, dismissCommand, reopenCommand, exportEvents],
  },
);
