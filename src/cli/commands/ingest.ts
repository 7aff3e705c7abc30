import type { Command } from 'commander';
import path from 'node:path';
import { ingest } from '../../app/ingest.ts';
import { MedallionError } from '../../errors.ts';
import type { RetryPolicy } from '../../retry.ts';
import type { CommandContext } from '../context.ts';
import { command, type Manual } from '../help.ts';
import type { RunCommand } from '../run-command.ts';
import { parseCount, parsedSetting, parseDuration, settingOption } from '../options.ts';
import { writeIngested } from '../render/ingested.ts';

interface IngestFlags {
  readonly from?: readonly string[];
  readonly source?: string;
  readonly follow?: boolean;
  readonly maxMessages?: number;
  /** Milliseconds. */
  readonly idleTimeout?: number;
  readonly resetOffsets?: boolean;
  readonly maxEventBytes?: number;
  readonly retryFor: RetryPolicy;
}

const MANUAL: Manual = {
  details: `
Without --from it reads Kafka when KAFKA_BROKERS or --brokers names one, else
the landing directory that medallion generate writes to. No event is written
twice, whatever happens in between. Several ingests at once share the partitions
of a topic, in a consumer group of their warehouse. A file that was
rewritten since it was read is read again from its beginning, with a warning:
rows that did not change become duplicates in silver.`,
  examples: [
    ['medallion ingest', 'what is there, from Kafka or the landing directory'],
    ['medallion ingest --follow --idle-timeout 1m', 'go on until nothing has come for a minute'],
    [
      'medallion ingest --from sales.ndjson.gz',
      'a file, plain or gzip; read again, it adds only what is new',
    ],
    [
      'medallion ingest --source shopify --from orders.ndjson',
      'orders of another shape, as docs/sources.md maps them',
    ],
    ['zcat old/*.gz | medallion ingest --from -', 'standard input'],
  ],
  exits: { 4: 'part of the topic stays unread: others in the consumer group have it' },
  seeAlso: [
    'promote',
    'run',
    'quarantine',
    'status',
    'docs/kafka.md',
    'docs/files.md',
    'docs/sources.md',
  ],
};

export function createIngestCommand(run: RunCommand): Command {
  return command(
    'ingest',
    'write events to bronze, each exactly once: from Kafka, files or standard input',
    MANUAL,
  )
    .option('--from <file...>', 'files of NDJSON, plain or gzip, or - for standard input')
    .option('--source <name>', 'with --from: the source that maps the records of the files')
    .option('--follow', 'go on as events arrive, until stopped')
    .option(
      '--idle-timeout <duration>',
      'with --follow: stop when none has come for so long',
      parseDuration,
    )
    .option('--max-messages <n>', 'stop when so many have been taken', parseCount)
    .option('--reset-offsets', 'read a recreated Kafka topic from its beginning')
    .addOption(settingOption('kafka.group'))
    .addOption(settingOption('kafka.format'))
    .addOption(parsedSetting('ingest.max_event_bytes', parseCount))
    .action(run(runIngest));
}

async function runIngest(context: CommandContext, flags: IngestFlags): Promise<void> {
  checkFlags(flags);
  const { from, source, follow, idleTimeout, maxMessages, maxEventBytes, resetOffsets, retryFor } =
    flags;
  const result = await ingest(context.config, {
    ...context.call,
    ...{ follow, maxEventBytes, resetOffsets, retryFor },
    ...(from?.[0] === '-'
      ? { input: context.stdin }
      : { files: from?.map((file) => path.resolve(context.cwd, file)) }),
    ...{ idleTimeoutMs: idleTimeout, maxRecords: maxMessages, mapping: source },
  });
  await writeIngested(context, result);
  if (result.whenEmpty !== undefined) {
    context.emit({ type: 'note', message: result.whenEmpty });
  }
}

function checkFlags(flags: IngestFlags): void {
  if (flags.idleTimeout !== undefined && flags.follow !== true) {
    throw new MedallionError('usage', '--idle-timeout goes with --follow', {
      hint: 'Without --follow ingest stops when it has what was there when it began.',
    });
  }
  if (flags.from !== undefined && flags.from.length > 1 && flags.from.includes('-')) {
    throw new MedallionError('usage', '--from takes either - or files, not both');
  }
}
