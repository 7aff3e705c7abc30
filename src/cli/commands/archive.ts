import { archive, archivePlace, archivePlan, DEFAULT_FILE_ROWS } from '../../app/archive.ts';
import { momentBefore } from '../../app/call.ts';
import { checkEngine } from '../../app/promote.ts';
import { usageError } from '../../errors.ts';
import type { ArchiveResult } from '../../maintain/archive.ts';
import { counted, megabytes } from '../../number.ts';
import { command } from '../command.ts';
import { DUCKDB, setting } from '../flags.ts';
import { parseDuration } from '../options.ts';
import { numbers, quantities, resultOf, texts } from '../render/result.ts';

/** What archive and prune say of a partition first. */
export const OF_PARTITION = {
  ...texts('topic'),
  ...numbers('partition'),
  ...quantities('events', 'bytes'),
};

/** "1,200 events (1.1 MB)": what partitions come to. */
export function sumText(
  partitions: readonly { readonly events: number; readonly bytes: bigint }[],
): string {
  const events = partitions.reduce((sum, partition) => sum + partition.events, 0);
  const bytes = partitions.reduce((sum, partition) => sum + partition.bytes, 0n);
  return `${counted(events, 'event')} (${megabytes(bytes)})`;
}

export const archiveCommand = command(
  'archive',
  'move old events from bronze to Parquet files, which other commands go on to read',
  {
    details: `
From each partition it moves the promoted events up to the first one that is
younger, to zstd Parquet files with the columns of bronze.events:
TOPIC/PARTITION/FROM-TO-ID.parquet below the place. A file is written, synced,
read again, and then recorded in the transaction that takes its events out of
PostgreSQL: each event is in one of the two, also when the command is killed,
and the next run completes what was begun. Ingest may run meanwhile, promote
waits. The folder must exist: medallion does not make it, because it may be a
mount that is missing.

promote --full-refresh, trace, quarantine replay, reconcile and sql --archive
read both. S3 uses AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN,
AWS_REGION and AWS_ENDPOINT_URL. PostgreSQL uses the space again; "vacuum full
bronze.events" gives it back to the disk.`,
    examples: [
      'medallion archive --older-than 7d --to /srv/archive --dry-run',
      'medallion archive --older-than 7d --to /srv/archive',
      'medallion archive --older-than 7d --to s3://bucket/medallion',
    ],
    exits: {
      4: 'silver is being rebuilt, or bronze was changed by hand',
      5: 'a promotion, a prune or another archive is running',
    },
    seeAlso: ['prune', 'sql', 'reconcile', 'docs/operations.md'],
    options: {
      olderThan: setting('archive.older_than', parseDuration),
      to: setting('archive.to', String),
      '--dry-run': 'show what would be moved; change nothing',
      '--file-rows <n>': ['events in one file and one transaction, at most', DEFAULT_FILE_ROWS],
      ...DUCKDB,
    },
    run: async (context, flags) => {
      checkEngine(flags);
      const { olderThan, fileRows, memoryLimit, threads } = flags;
      if (olderThan === undefined) {
        throw usageError(
          'archive needs --older-than: how old the events must be',
          'For example: medallion archive --older-than 7d --to /srv/archive. Or set archive.older_than in medallion.yaml.',
        );
      }
      const { config, call } = context;
      const before = momentBefore(olderThan);
      if (flags.dryRun) {
        const { partitions } = await archivePlan(config, { ...call, before });
        const columns = { ...OF_PARTITION, ...numbers('fromOffset', 'toOffset') };
        await context.writeRows(resultOf(columns, partitions));
        context.note(`${sumText(partitions)} from before ${before} to archive; nothing was moved`);
        return;
      }
      const to = archivePlace(flags.to, context.cwd);
      const result = await archive(config, {
        ...{ ...call, before, fileRows, memoryLimit, threads, to },
      });
      const columns = { ...OF_PARTITION, ...quantities('files', 'fileBytes') };
      await context.writeNews(resultOf(columns, result.partitions));
      context.note(archivedText(result, before));
    },
  },
);

/** What was moved, in a line. */
export function archivedText({ partitions, seconds }: ArchiveResult, before: string): string {
  if (partitions.every(({ events }) => events === 0)) {
    return `nothing to archive: no promoted event is from before ${before}`;
  }
  const files = partitions.reduce((sum, partition) => sum + partition.files, 0);
  const sizes = partitions.map(({ fileBytes }) => fileBytes ?? Number.NaN);
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  const size = Number.isNaN(bytes) ? '' : ` of ${megabytes(bytes)}`;
  return `${sumText(partitions)} archived in ${counted(files, 'file')}${size}, ${seconds.toFixed(1)} s`;
}
