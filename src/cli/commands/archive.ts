import { Command } from 'commander';
import path from 'node:path';
import { isS3 } from '../../engine/archive.ts';
import { duckDbOpener } from '../../engine/duckdb/local.ts';
import { MedallionError } from '../../errors.ts';
import {
  archive,
  DEFAULT_FILE_ROWS,
  planArchive,
  type ArchivePlan,
  type ArchiveResult,
} from '../../maintain/archive.ts';
import { counted, megabytes } from '../../number.ts';
import type { ConnectionSettings } from '../../postgres/client.ts';
import { withWarehouse } from '../../postgres/warehouse.ts';
import type { CommandContext } from '../context.ts';
import { manual } from '../help.ts';
import { parseCount, parsedSetting, parseDuration, parseMemory } from '../options.ts';
import type { ResultTable } from '../render/output.ts';
import type { RunCommand } from '../run-command.ts';
import { checkEngineFlags } from './promote.ts';

interface ArchiveFlags {
  /** Milliseconds. */
  readonly olderThan?: number;
  readonly to?: string;
  readonly dryRun?: boolean;
  readonly fileRows: number;
  readonly memoryLimit: string;
  readonly threads?: number;
}

export function createArchiveCommand(run: RunCommand): Command {
  return new Command('archive')
    .description('move old events from bronze to Parquet files, which everything goes on to read')
    .addOption(parsedSetting('archive.older_than', parseDuration))
    .addOption(parsedSetting('archive.to', String))
    .option('--dry-run', 'show what would be moved; change nothing')
    .option(
      '--file-rows <n>',
      'events in one file and one transaction, at most',
      parseCount,
      DEFAULT_FILE_ROWS,
    )
    .addOption(parsedSetting('promote.memory_limit', parseMemory))
    .addOption(parsedSetting('promote.threads', parseCount))
    .addHelpText(
      'after',
      manual({
        details: `
Of each partition it moves the promoted events up to the first one that is
younger, to zstd Parquet files with the columns of bronze.events:
TOPIC/PARTITION/FROM-TO-ID.parquet below the place. A file is written, synced,
read again, and then recorded in the transaction that takes its events out of
PostgreSQL: each event is in one of the two, also when the command is killed,
and the next run completes what was begun. Ingest may run meanwhile, promote
waits. The folder must be there: one that is not mounted is not made.

promote --full-refresh, trace, quarantine replay, reconcile and sql --archive
read both. S3 is opened with AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
AWS_SESSION_TOKEN, AWS_REGION and AWS_ENDPOINT_URL. PostgreSQL uses the space
again; "vacuum full bronze.events" gives it back to the disk.`,
        examples: [
          'medallion archive --older-than 7d --to /srv/archive --dry-run',
          'medallion archive --older-than 7d --to /srv/archive',
          'medallion archive --older-than 7d --to s3://bucket/medallion',
        ],
        exits: {
          4: 'silver is being made again, or bronze was changed by hand',
          5: 'a promotion, a prune or another archive is running',
        },
        seeAlso: ['prune', 'sql', 'reconcile', 'docs/operations.md'],
      }),
    )
    .action(run(runArchive));
}

async function runArchive(context: CommandContext, flags: ArchiveFlags): Promise<void> {
  checkEngineFlags(flags);
  const { olderThan } = flags;
  if (olderThan === undefined) {
    throw new MedallionError('usage', 'archive needs to know how old the events are to be', {
      hint: 'medallion archive --older-than 7d --to /srv/archive, or archive.older_than in medallion.yaml.',
    });
  }
  const before = momentBefore(olderThan);
  if (flags.dryRun === true) {
    const plan = await withWarehouse(context.config, context, (settings) =>
      planArchive(settings, before),
    );
    await context.writeRows(planTable(plan));
    context.emit({ type: 'note', message: planText(plan) });
    return;
  }
  const place = archivePlace(flags.to, context.cwd);
  const work = async (settings: ConnectionSettings): Promise<void> => {
    const openEngine = await duckDbOpener(context.config, settings, flags, context);
    const options = {
      ...{ before, archive: place, fileRows: flags.fileRows, arguments: context.commandLine },
      holder: `process ${String(context.processId)}`,
    };
    const result = await archive(settings, () => openEngine(), options, context);
    if (context.format !== undefined || result.partitions.length > 0) {
      await context.writeRows(resultTable(result));
    }
    context.emit({ type: 'note', message: archivedText(result, before) });
  };
  await withWarehouse(context.config, context, work, { writes: true });
}

/** @throws MedallionError usage */
export function momentBefore(milliseconds: number): string {
  const before = new Date(Date.now() - milliseconds);
  if (Number.isNaN(before.getTime()) || before.getUTCFullYear() < 1) {
    throw new MedallionError('usage', '--older-than reaches back before the year 1');
  }
  return before.toISOString();
}

/**
 * The place of the archive: an absolute path, or s3://bucket/prefix.
 * @throws MedallionError usage
 */
export function archivePlace(to: string | undefined, cwd: string): string {
  if (to === undefined) {
    throw new MedallionError('usage', 'archive needs a place for its files', {
      hint: '--to names a folder, or s3://bucket/prefix; so does archive.to in medallion.yaml.',
    });
  }
  if (!isS3(to)) {
    return path.resolve(cwd, to);
  }
  const place = to.replace(/\/+$/, '');
  if (!/^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/[^*?[\]]+)?$/.test(place)) {
    throw new MedallionError('usage', `${to} is no place at S3`, {
      hint: 'It has the form s3://bucket/prefix, without * ? [ and ].',
    });
  }
  return place;
}

/** What was moved, in a line. */
export function archivedText({ partitions, seconds }: ArchiveResult, before: string): string {
  const sum = (of: (partition: ArchiveResult['partitions'][number]) => number): number =>
    partitions.reduce((total, partition) => total + of(partition), 0);
  const events = sum((partition) => partition.events);
  if (events === 0) {
    return `nothing to archive: no promoted event is from before ${before}`;
  }
  const isKnown = partitions.every(({ fileBytes }) => fileBytes !== undefined);
  const size = isKnown ? ` of ${megabytes(sum(({ fileBytes }) => fileBytes ?? 0))}` : '';
  const files = counted(
    sum((partition) => partition.files),
    'file',
  );
  return `${counted(events, 'event')} (${megabytes(sum(({ bytes }) => Number(bytes)))}) archived in ${files}${size}, ${seconds.toFixed(1)} s`;
}

function planText({ partitions, before }: ArchivePlan): string {
  const events = partitions.reduce((sum, planned) => sum + planned.events, 0);
  const bytes = partitions.reduce((sum, planned) => sum + planned.bytes, 0n);
  return `${counted(events, 'event')} (${megabytes(Number(bytes))}) from before ${before} to archive; nothing was moved`;
}

function planTable({ partitions }: ArchivePlan): ResultTable {
  return tableOf(
    ['partition', 'events', 'bytes', 'from_offset', 'to_offset'],
    partitions.map((row) => [
      row.topic,
      ...[row.partition, row.events, row.bytes, row.fromOffset, row.toOffset].map(String),
    ]),
  );
}

function resultTable({ partitions }: ArchiveResult): ResultTable {
  return tableOf(
    ['partition', 'events', 'bytes', 'files', 'file_bytes'],
    partitions.map((row) => [
      row.topic,
      ...[row.partition, row.events, row.bytes, row.files].map(String),
      row.fileBytes === undefined ? null : String(row.fileBytes),
    ]),
  );
}

function tableOf(numbers: readonly string[], rows: (string | null)[][]): ResultTable {
  const isQuantity = (name: string): boolean => !/^partition$|_offset$/.test(name);
  return {
    columns: [
      { name: 'topic', kind: 'text' },
      ...numbers.map((name) => ({
        name,
        kind: 'number' as const,
        isQuantity: isQuantity(name),
      })),
    ],
    rows,
  };
}
