import { ingest, type IngestOptions, type IngestResult } from '../../src/bronze/ingest.ts';
import type { LogReader } from '../../src/log/log.ts';
import { withClient } from '../../src/postgres/client.ts';
import type { ConnectionSettings } from '../../src/config/server.ts';
import type { ProgressEvent, StageContext } from '../../src/progress.ts';

/** A stage's context that keeps what was emitted. */
export function testContext(signal = new AbortController().signal): StageContext & {
  events: ProgressEvent[];
  warnings: () => string[];
} {
  const events: ProgressEvent[] = [];
  return {
    signal,
    emit: (event) => void events.push(event),
    events,
    warnings: () => events.flatMap((event) => (event.type === 'warning' ? event.message : [])),
  };
}

export async function ingestAll(
  reader: LogReader,
  settings: ConnectionSettings,
  options: Partial<IngestOptions> = {},
  context: StageContext = testContext(),
): Promise<IngestResult> {
  return ingest(reader, settings, { arguments: ['ingest'], follow: false, ...options }, context);
}

/** Rows as arrays of text, joined with "|", in the query's order. */
export async function rowsOf(settings: ConnectionSettings, sql: string): Promise<string[]> {
  return withClient(settings, async (client) => {
    const { rows } = await client.query<(string | null)[]>({ text: sql, rowMode: 'array' });
    return rows.map((row) => row.map((cell) => cell ?? 'null').join('|'));
  });
}

/** "partition offset value" of every event in bronze. */
export async function bronzeOf(settings: ConnectionSettings): Promise<string[]> {
  const rows = await rowsOf(
    settings,
    'select partition, "offset", value from bronze.events order by topic, partition, "offset"',
  );
  return rows.map((row) => row.replaceAll('|', ' '));
}
