import path from 'node:path';
import type { Config } from '../config.ts';
import { isS3, s3Place } from '../config/s3.ts';
import type { OpenEngine } from '../engine/on-demand.ts';
import { MedallionError, usageError } from '../errors.ts';
import {
  archive as archiveWith,
  DEFAULT_FILE_ROWS,
  lastArchived,
  planArchive,
  type ArchivePlan,
  type ArchiveResult,
} from '../maintain/archive.ts';
import { momentBefore, READS, withOpen, type CallOptions, type OpenWarehouse } from './call.ts';
import { checkEngine, openerOf, type EngineRequest } from './promote.ts';

export { DEFAULT_FILE_ROWS } from '../maintain/archive.ts';

export interface ArchiveRequest extends CallOptions, EngineRequest {
  /** Events that the log took in before this moment are moved. */
  readonly before: string;
  /** A folder that is there, as an absolute path, or s3://bucket/prefix; see `archivePlace`. */
  readonly to: string;
  /** Events in one file, and one transaction, at most; 500,000 unless said otherwise. */
  readonly fileRows?: number | undefined;
}

/** What `archive` would move now. */
export async function archivePlan(
  config: Config,
  options: CallOptions & Pick<ArchiveRequest, 'before'>,
): Promise<ArchivePlan> {
  return withOpen(config, options, ({ settings }) => planArchive(settings, options.before), READS);
}

/**
 * Moves old events from bronze to Parquet files.
 * @throws MedallionError usage, locked, check_failed, storage, unreachable, interrupted
 */
export async function archive(config: Config, request: ArchiveRequest): Promise<ArchiveResult> {
  checkEngine(request);
  const { before, to, fileRows = DEFAULT_FILE_ROWS, arguments: commandLine = [] } = request;
  return withOpen(config, request, async (warehouse) => {
    const openEngine = await openerOf(warehouse, request);
    const options = { before, archive: to, fileRows, arguments: commandLine };
    return archiveWith(warehouse.settings, () => openEngine(), options, warehouse.context);
  });
}

/**
 * The place of the archive: an absolute path, or s3://bucket/prefix.
 * @throws MedallionError usage
 */
export function archivePlace(to: string | undefined, cwd: string): string {
  if (to === undefined) {
    throw usageError(
      'archive needs --to: where to write its files',
      'Give --to a folder or s3://bucket/prefix, or set archive.to in medallion.yaml.',
    );
  }
  if (!isS3(to)) {
    return path.resolve(cwd, to);
  }
  const place = s3Place(to);
  if (place === undefined) {
    throw usageError(
      `"${to}" is not an S3 location`,
      'Write it as s3://bucket/prefix, without the characters * ? [ ].',
    );
  }
  return place;
}

/** What a service archives, once a day. */
export interface DailyArchive {
  readonly olderThanMs: number;
  /** See `ArchiveRequest`. */
  readonly to: string;
  readonly onArchived: (result: ArchiveResult, before: string) => void;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Files between two promotions: what is left waits for the next pause, and events for a few seconds at most. */
const FILES_AT_ONCE = 2;

/** What archives when a day has passed since the last time, by whatever process; a failure is a warning. */
export async function archiveDaily(
  { settings, context }: OpenWarehouse,
  openEngine: OpenEngine['lend'],
  daily: DailyArchive | undefined,
  commandLine: readonly string[],
): Promise<() => Promise<void>> {
  if (daily === undefined) {
    return () => Promise.resolve();
  }
  let dueAt = ((await lastArchived(settings)) ?? -DAY_MS) + DAY_MS;
  return async () => {
    if (Date.now() < dueAt) {
      return;
    }
    const before = momentBefore(daily.olderThanMs);
    const options = {
      ...{ before, archive: daily.to, fileRows: DEFAULT_FILE_ROWS, maxFiles: FILES_AT_ONCE },
      ...{ arguments: commandLine, holder: `run, process ${String(process.pid)}` },
    };
    try {
      const result = await archiveWith(settings, openEngine, options, context);
      dueAt = result.isComplete ? Date.now() + DAY_MS : dueAt;
      if (result.partitions.length > 0) {
        daily.onArchived(result, before);
      }
    } catch (error) {
      if (!(error instanceof MedallionError) || error.code === 'interrupted') {
        throw error;
      }
      dueAt = Date.now() + HOUR_MS;
      const { message, hint } = error;
      context.emit({ type: 'warning', message, hint });
    }
  };
}
