import { Command } from 'commander';
import path from 'node:path';
import { MedallionError } from '../../errors.ts';
import { ingest } from '../../bronze/ingest.ts';
import { openFileReader } from '../../log/files/reader.ts';
import { openStdinReader } from '../../log/files/stream-reader.ts';
import type { Log, LogReader } from '../../log/log.ts';
import { openLog } from '../../log/open.ts';
import { withWarehouse } from '../../postgres/warehouse.ts';
import { retryMsAtStart, type RetryPolicy } from '../../retry.ts';
import type { CommandContext } from '../context.ts';
import { manual } from '../help.ts';
import type { RunCommand } from '../run-command.ts';
import { parseCount, parsedSetting, parseDuration, settingOption } from '../options.ts';
import { writeIngested } from '../render/ingested.ts';

interface IngestFlags {
  readonly from?: readonly string[];
  readonly follow?: boolean;
  readonly maxMessages?: number;
  /** Milliseconds. */
  readonly idleTimeout?: number;
  readonly resetOffsets?: boolean;
  readonly maxEventBytes?: number;
  readonly retryFor: RetryPolicy;
}

/** PostgreSQL takes values up to 1 GB, and a server needs several times a value's size to write it. */
const LARGEST_EVENT = 256 << 20;

const MANUAL = manual({
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
    ['zcat old/*.gz | medallion ingest --from -', 'standard input'],
  ],
  exits: { 4: 'part of the topic stays unread: others in the consumer group have it' },
  seeAlso: ['promote', 'run', 'quarantine', 'status', 'docs/kafka.md', 'docs/files.md'],
});

export function createIngestCommand(run: RunCommand): Command {
  return new Command('ingest')
    .description('write events to bronze, each exactly once: from Kafka, files or standard input')
    .option('--from <file...>', 'files of NDJSON, plain or gzip, or - for standard input')
    .option('--follow', 'go on as events arrive, until stopped')
    .option(
      '--idle-timeout <duration>',
      'with --follow: stop when none has come for so long',
      parseDuration,
    )
    .option('--max-messages <n>', 'stop when so many have been taken', parseCount)
    .option('--reset-offsets', 'read a recreated Kafka topic from its beginning')
    .addOption(settingOption('kafka.group'))
    .addOption(parsedSetting('ingest.max_event_bytes', parseCount))
    .addHelpText('after', MANUAL)
    .action(run(ingestCommand));
}

async function ingestCommand(context: CommandContext, flags: IngestFlags): Promise<void> {
  checkFlags(flags);
  const { from, follow = false, retryFor: retryPolicy, resetOffsets = false } = flags;
  const log = openLog(context.config, context);
  const reader = await openReader(from, log, retryPolicy, context);
  const options = {
    ...{ arguments: context.commandLine, follow, resetOffsets },
    ...(flags.idleTimeout === undefined ? {} : { idleTimeoutMs: flags.idleTimeout }),
    ...(flags.maxMessages === undefined ? {} : { maxRecords: flags.maxMessages }),
    ...(flags.maxEventBytes === undefined ? {} : { maxEventBytes: flags.maxEventBytes }),
  };
  await withWarehouse(
    context.config,
    context,
    async (settings, retry) => {
      const result = await ingest(reader, settings, { ...options, retry }, context);
      await writeIngested(result, reader, context);
      const isEmpty = result.end === 'end' && result.partitions.length === 0;
      if (from === undefined && isEmpty && log.whenEmpty !== undefined) {
        context.emit({ type: 'note', message: log.whenEmpty });
      }
    },
    { writes: true, retryPolicy },
  );
}

function checkFlags(flags: IngestFlags): void {
  if (flags.idleTimeout !== undefined && flags.follow !== true) {
    throw new MedallionError('usage', '--idle-timeout goes with --follow', {
      hint: 'Without --follow ingest stops when it has what was there when it began.',
    });
  }
  checkEventLimit(flags.maxEventBytes);
  if (flags.from !== undefined && flags.from.length > 1 && flags.from.includes('-')) {
    throw new MedallionError('usage', '--from takes either - or files, not both');
  }
}

/** @throws MedallionError usage */
export function checkEventLimit(maxEventBytes = 0): void {
  if (maxEventBytes > LARGEST_EVENT) {
    throw new MedallionError('usage', `--max-event-bytes is at most ${LARGEST_EVENT}`);
  }
}

/** @throws MedallionError input, unreachable, denied, config */
async function openReader(
  from: IngestFlags['from'],
  log: Log,
  retryPolicy: RetryPolicy,
  { cwd }: CommandContext,
): Promise<LogReader> {
  if (from === undefined) {
    return log.read({ retryPolicy, topicWaitMs: retryMsAtStart(retryPolicy) });
  }
  return from[0] === '-'
    ? openStdinReader(process.stdin)
    : openFileReader(from.map((file) => path.resolve(cwd, file)));
}
