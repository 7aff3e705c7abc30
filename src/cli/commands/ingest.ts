import { Command } from 'commander';
import path from 'node:path';
import { MedallionError } from '../../errors.ts';
import { ingest, type IngestResult } from '../../ingest/ingest.ts';
import { openKafkaReader } from '../../log/kafka/reader.ts';
import { openFileReader, openLandingReader } from '../../log/landing/reader.ts';
import { openStdinReader } from '../../log/landing/stream-reader.ts';
import type { LogReader } from '../../log/log.ts';
import type { ConnectionSettings } from '../../postgres/client.ts';
import { withWarehouse } from '../../postgres/warehouse.ts';
import type { Outage, Patience } from '../../retry.ts';
import type { CommandContext } from '../context.ts';
import { manual } from '../help.ts';
import type { RunCommand } from '../run-command.ts';
import { parseCount, parsedSetting, parseDuration, settingOption } from '../options.ts';
import { landedSummary, partitionTable } from '../render/landed.ts';
import { visible } from '../render/text.ts';
import { hanging } from '../render/wrap.ts';

export interface IngestFlags {
  readonly from?: readonly string[];
  readonly follow?: boolean;
  readonly maxMessages?: number;
  /** Milliseconds. */
  readonly idleTimeout?: number;
  readonly resetOffsets?: boolean;
  readonly maxEventBytes?: number;
  readonly retryFor: Patience;
}

/** PostgreSQL takes values up to 1 GB, and a server needs several times a value's size to write it. */
const LARGEST_EVENT = 256 << 20;

const MANUAL = manual({
  details: `
Without --from it reads Kafka when KAFKA_BROKERS or --brokers names one, else
the landing directory that medallion generate writes to. What has landed once
never lands again, whatever happens in between. Several at once share the
partitions of a topic, in a consumer group of their warehouse. A file that was
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
    .description('land events in bronze, each exactly once: from Kafka, files or standard input')
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
  const reader = await openReader(flags, context);
  const { retryFor: patience } = flags;
  const land = async (settings: ConnectionSettings, outage: Outage): Promise<void> => {
    const result = await runIngest(settings, outage, reader, flags, context);
    if (context.format === undefined) {
      // Files may be called anything.
      const summary = visible(landedSummary(result, reader), { lines: true });
      await context.write(hanging(summary, context.width));
    } else {
      await context.writeRows(partitionTable(result));
    }
    const isLanding = flags.from === undefined && context.config.log.kind === 'landing';
    if (isLanding && result.end === 'end' && result.partitions.length === 0) {
      context.emit({
        type: 'note',
        message: 'medallion generate writes events to the landing directory',
      });
    }
  };
  await withWarehouse(context.config, context, land, { writes: true, patience });
}

/** Ingests from an open log as the flags say. */
async function runIngest(
  settings: ConnectionSettings,
  outage: Outage,
  reader: LogReader,
  flags: IngestFlags,
  context: CommandContext,
): Promise<IngestResult> {
  return ingest(
    reader,
    settings,
    {
      outage,
      arguments: context.commandLine,
      follow: flags.follow ?? false,
      resetOffsets: flags.resetOffsets ?? false,
      ...(flags.idleTimeout === undefined ? {} : { idleTimeoutMs: flags.idleTimeout }),
      ...(flags.maxMessages === undefined ? {} : { maxRecords: flags.maxMessages }),
      ...(flags.maxEventBytes === undefined ? {} : { maxEventBytes: flags.maxEventBytes }),
    },
    context,
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
  { from, retryFor: patience }: Pick<IngestFlags, 'from' | 'retryFor'>,
  context: CommandContext,
): Promise<LogReader> {
  if (from?.[0] === '-') {
    return openStdinReader(process.stdin);
  }
  if (from !== undefined) {
    return openFileReader(from.map((file) => path.resolve(context.cwd, file)));
  }
  return openConfiguredLog(context, patience, patience.atStart ? patience.forMs : 0);
}

/**
 * The log that the configuration names: Kafka, or the landing directory.
 * @param topicWaitMs how long a Kafka topic that is not there yet is waited for
 * @throws MedallionError unreachable, denied, config
 */
export async function openConfiguredLog(
  context: CommandContext,
  patience: Patience,
  topicWaitMs: number,
): Promise<LogReader> {
  const { log, home } = context.config;
  return log.kind === 'kafka'
    ? openKafkaReader(log, context, { patience, topicWaitMs })
    : openLandingReader(home, log.topic);
}
