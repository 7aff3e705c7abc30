import type { DuckDbConfig } from '../../config.ts';
import type { StageContext } from '../../progress.ts';
import type { RecordedFile } from '../engine.ts';
import { archiveTable, checkArchiveFiles } from './archive.ts';
import { ARCHIVE, foreseen } from './errors.ts';
import { withDuckDb } from './inspect.ts';
import { reachPlaces } from './s3.ts';
import { singleQuoted } from './sql.ts';
import { statement } from '../../sql-file.ts';

/** Where an event stands. */
interface Place {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}

/** An event as bronze had it, every value as text; times as PostgreSQL writes them. */
export interface ArchivedEvent {
  readonly topic: string;
  readonly partition: string;
  readonly offset: string;
  readonly key: string | null;
  readonly produced_at: string;
  readonly ingested_at: string;
  readonly run_id: string;
  readonly format: string | null;
  readonly schema_id: string | null;
  readonly value: string;
}

/**
 * Proves that files of the archive can be read: that each is there, and has its events.
 * @throws MedallionError storage, unreachable, denied
 */
export async function checkArchive(
  files: readonly RecordedFile[],
  duckdb: DuckDbConfig,
  context: StageContext,
): Promise<void> {
  if (files.length > 0) {
    await withDuckDb((connection) => checkArchiveFiles(connection, files, { duckdb, context }));
  }
}

/**
 * Some events, as far as files of the archive hold them.
 * @throws MedallionError storage, unreachable, denied
 */
export async function readArchivedEvents(
  files: readonly string[],
  places: readonly Place[],
  duckdb: DuckDbConfig,
  context: StageContext,
): Promise<ArchivedEvent[]> {
  if (files.length === 0) {
    return [];
  }
  const values = places.map(
    ({ topic, partition, offset }) =>
      `(${singleQuoted(topic)}, ${String(partition)}, ${String(offset)})`,
  );
  return withDuckDb((connection) =>
    foreseen(async () => {
      await reachPlaces(connection, files, { duckdb, context });
      await connection.run("set timezone = 'UTC'");
      const reader = await connection.runAndReadAll(
        statement('archive/events_at', {
          archive: archiveTable(files, 'every column'),
          places: values.join(', '),
        }),
      );
      return reader.getRowObjects() as unknown as ArchivedEvent[];
    }, ARCHIVE),
  );
}
