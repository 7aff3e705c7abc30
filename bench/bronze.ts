import type { Database, Stand } from './harness.ts';

/** The rows of bronze in a file that `timeCopy` can put back. */
export async function exportBronze(stand: Stand, database: Database): Promise<string> {
  const file = stand.file('bronze.copy');
  await database.psql(`\\copy bronze.events to '${file}'`);
  return file;
}

/** As if nothing had ever landed. */
export async function emptyBronze(database: Database): Promise<void> {
  await database.execute(
    `truncate bronze.events, bronze.quarantine, medallion.offsets, medallion.offset_gaps`,
  );
  await database.settle();
}

/**
 * Seconds that psql takes to copy the exported rows into the emptied table.
 * @throws Error when what `ingest` landed before is not the expected number of events
 */
export async function timeCopy(database: Database, file: string, size: number): Promise<number> {
  const landed = await database.number('select count(*) from bronze.events');
  if (landed !== size) {
    throw new Error(`${String(landed)} events landed instead of ${String(size)}`);
  }
  await emptyBronze(database);
  const { seconds } = await database.psql(`\\copy bronze.events from '${file}'`);
  return seconds;
}
