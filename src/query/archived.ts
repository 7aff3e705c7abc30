import type { DuckDbConfig } from '../config.ts';
import { readArchivedEvents, type ArchivedEvent } from '../engine/duckdb/archive-reader.ts';
import { placesOfEvents } from '../postgres/archive.ts';
import type { Client } from '../postgres/client.ts';
import type { ResultTable } from '../postgres/query.ts';
import type { StageContext } from '../progress.ts';
import { rowsOf } from './ask.ts';

/** Reads events that PostgreSQL does not hold any more. */
export interface ArchiveAccess {
  readonly duckdb: DuckDbConfig;
  readonly context: StageContext;
}

/** An event of the archive, in the columns that bronze answers with; no row where the archive does not hold it. */
export async function archivedEvent(
  client: Client,
  { columns }: ResultTable,
  place: { readonly topic: string; readonly partition: number; readonly offset: bigint },
  { duckdb, context }: ArchiveAccess,
): Promise<ResultTable> {
  const files = await placesOfEvents(client, [place]);
  const events = await readArchivedEvents(files, [place], duckdb, context);
  return {
    columns,
    rows: events.map((event) =>
      columns.map(({ name }) => event[name as keyof ArchivedEvent] ?? null),
    ),
  };
}

/** Fills in when events were ingested, and by which run, where the archive has it. */
export async function withArchived(
  client: Client,
  table: ResultTable,
  { duckdb, context }: ArchiveAccess,
): Promise<ResultTable> {
  const known = rowsOf<'topic' | 'partition' | 'offset' | 'ingested_at'>(table);
  const places = known
    .filter(({ ingested_at: ingestedAt }) => ingestedAt === null)
    .map(({ topic, partition, offset }) => ({
      ...{ topic: topic ?? '', partition: Number(partition) },
      offset: BigInt(offset ?? 0),
    }));
  const files = places.length === 0 ? [] : await placesOfEvents(client, places);
  const events = await readArchivedEvents(files, places, duckdb, context);
  return {
    columns: table.columns,
    rows: table.rows.map((row, index) => {
      const place = known[index];
      const event = events.find(
        ({ topic, partition, offset }) =>
          topic === place?.topic && partition === place.partition && offset === place.offset,
      );
      const filled: Readonly<Record<string, string | null | undefined>> =
        event === undefined ? {} : { ingested_at: event.ingested_at, ingest_run: event.run_id };
      return table.columns.map(({ name }, column) => filled[name] ?? row[column] ?? null);
    }),
  };
}
