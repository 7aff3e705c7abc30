import type { DuckDBConnection } from '@duckdb/node-api';
import { open, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import { MedallionError } from '../../errors.ts';
import { makeFolder } from '../../folder.ts';
import { counted } from '../../number.ts';
import { isS3 } from '../../config/s3.ts';
import { PARTIAL } from '../archive.ts';
import type { ArchivedRows, RecordedFile } from '../engine.ts';
import { ARCHIVE, fileFailure, foreseen } from './errors.ts';
import { reachPlaces, type FileAccess } from './s3.ts';
import { fileToRead, singleQuoted } from './sql.ts';

/** Small enough that a batch of promote reads little more of a file than it wants. */
const ROW_GROUP_ROWS = 20_480;

/** The rows of files of the archive, as a table in DuckDB's dialect. */
export function archiveTable(
  places: readonly string[],
  wanted: 'common columns' | 'every column' = 'common columns',
): string {
  // Folders above the archive may be called like a partition of Hive's.
  return `read_parquet([${places.map(fileToRead).join(', ')}], hive_partitioning = false${wanted === 'every column' ? ', union_by_name = true' : ''})`;
}

/**
 * Writes rows to a file of the archive: beside its name, synced, then renamed; S3 shows a file when it is whole.
 * @param rows a select in DuckDB's dialect
 * @throws MedallionError unreachable, denied, storage; an Error with the code of the system and the path
 */
export async function writeArchiveFile(
  connection: DuckDBConnection,
  rows: string,
  file: string,
  access: FileAccess,
): Promise<ArchivedRows> {
  const isRemote = isS3(file);
  const written = isRemote ? file : `${file}${PARTIAL}`;
  try {
    if (!isRemote) {
      await makeFolder(path.dirname(file));
    }
    await reachPlaces(connection, [file], access);
    await foreseen(
      () =>
        connection.run(
          `copy (${rows}) to ${singleQuoted(written)}
           (format parquet, compression zstd, row_group_size ${String(ROW_GROUP_ROWS)})`,
        ),
      ARCHIVE,
    );
    if (!isRemote) {
      await sync(written);
      await rename(written, file);
      await sync(path.dirname(file));
    }
    const reader = await foreseen(
      () =>
        connection.runAndReadAll(
          `select count(*), coalesce(sum("offset"), 0), coalesce(sum(strlen(value)), 0)
           from ${archiveTable([file])}`,
        ),
      ARCHIVE,
    );
    const [events, offsets, bytes] = (reader.getRows()[0] ?? []).map((value) =>
      BigInt(String(value)),
    );
    return {
      ...{ events: events ?? 0n, offsets: offsets ?? 0n, bytes: bytes ?? 0n },
      fileBytes: isRemote ? undefined : (await stat(file)).size,
    };
  } catch (error) {
    throw error instanceof MedallionError ? error : (fileFailure(error) ?? error);
  }
}

/** Brings what was written to a file, or to the list of a folder, to the disk. */
async function sync(place: string): Promise<void> {
  const handle = await open(place);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Proves that files of the archive can be read: that each is there, and has its events.
 * @throws MedallionError storage, unreachable, denied
 */
export async function checkArchiveFiles(
  connection: DuckDBConnection,
  files: readonly RecordedFile[],
  access: FileAccess,
): Promise<void> {
  const found = await countEvents(connection, files, access);
  for (const { place, events } of files) {
    const has = found.get(place) ?? 0;
    if (has !== events) {
      throw new MedallionError(
        'storage',
        `the archive file ${place} has ${counted(has, 'event')}, but ${counted(events, 'event')} were archived there`,
        { hint: 'Nothing was changed. Somebody changed the file: restore it from a copy.' },
      );
    }
  }
}

/** How many events each file holds, by its place, as its own metadata says. */
async function countEvents(
  connection: DuckDBConnection,
  files: readonly RecordedFile[],
  access: FileAccess,
): Promise<ReadonlyMap<string, number>> {
  if (files.length === 0) {
    return new Map();
  }
  const places = files.map(({ place }) => place);
  return foreseen(async () => {
    await reachPlaces(connection, places, access);
    const reader = await connection.runAndReadAll(
      `select file_name, num_rows from parquet_file_metadata([${places.map(fileToRead).join(', ')}])`,
    );
    return new Map(reader.getRows().map(([name, rows]) => [String(name), Number(rows)]));
  }, ARCHIVE);
}
