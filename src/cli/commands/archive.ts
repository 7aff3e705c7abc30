import type { Command } from 'commander';
import { archive, archivePlace, archivePlan, DEFAULT_FILE_ROWS } from '../../app/archive.ts';
import { momentBefore } from '../../app/call.ts';
import { checkEngine } from '../../app/promote.ts';
import { MedallionError } from '../../errors.ts';
import type { ArchivePlan, ArchiveResult } from '../../maintain/archive.ts';
import { counted, megabytes } from '../../number.ts';
import type { ResultTable } from '../../postgres/query.ts';
import type { CommandContext } from '../context.ts';
import { command } from '../help.ts';
import { parseCount, parsedSetting, parseDuration, parseMemory } from '../options.ts';
import { resultOf } from '../render/result.ts';
import type { RunCommand } from '../run-command.ts';

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
  return command(
    'archive',
    'move old events from bronze to Parquet files, which everything goes on to read',
    {
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
    },
  )
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
    .action(run(runArchive));
}

async function runArchive(context: CommandContext, flags: ArchiveFlags): Promise<void> {
  checkEngine(flags);
  const { olderThan, fileRows, memoryLimit, threads } = flags;
  if (olderThan === undefined) {
    throw new MedallionError('usage', 'archive needs to know how old the events are to be', {
      hint: 'medallion archive --older-than 7d --to /srv/archive, or archive.older_than in medallion.yaml.',
    });
  }
  const before = momentBefore(olderThan);
  if (flags.dryRun === true) {
    const plan = await archivePlan(context.config, { ...context.call, before });
    await context.writeRows(planTable(plan));
    context.emit({ type: 'note', message: planText(plan) });
    return;
  }
  const result = await archive(context.config, {
    ...{ ...context.call, before, fileRows, memoryLimit, threads },
    to: archivePlace(flags.to, context.cwd),
  });
  if (context.format !== undefined || result.partitions.length > 0) {
    await context.writeRows(resultTable(result));
  }
  context.emit({ type: 'note', message: archivedText(result, before) });
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
  return resultOf(
    {
      topic: 'text',
      partition: 'number',
      events: 'quantity',
      bytes: 'quantity',
      from_offset: 'number',
      to_offset: 'number',
    },
    partitions.map(({ fromOffset, toOffset, ...row }) => ({
      ...{ ...row, from_offset: fromOffset, to_offset: toOffset },
    })),
  );
}

function resultTable({ partitions }: ArchiveResult): ResultTable {
  return resultOf(
    {
      topic: 'text',
      partition: 'number',
      events: 'quantity',
      bytes: 'quantity',
      files: 'quantity',
      file_bytes: 'quantity',
    },
    partitions.map(({ fileBytes, ...row }) => ({ ...row, file_bytes: fileBytes })),
  );
}
