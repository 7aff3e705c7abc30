import { REFERENCE_TABLES } from '../event/references.ts';
import { hasTables } from '../postgres/ask.ts';
import { readTopicSources, sourceNames } from '../postgres/topic-sources.ts';
import type { Source } from '../source/mapping.ts';
import type { Client } from '../postgres/client.ts';
import type { Coordinates } from '../postgres/quarantine.ts';
import { readRows } from '../postgres/rows.ts';
import { formatCoordinates } from './quarantine/coordinates.ts';

/** A record of bronze. */
export interface BronzeRecord {
  /** Its coordinates, as one word. */
  readonly place: string;
  readonly value: string;
}

/** What came of the records of a topic. */
export interface TopicCounts {
  readonly topic: string;
  readonly records: bigint;
  readonly rejected: bigint;
  readonly skipped: bigint;
}

/** The records of a source in bronze. */
export interface SourceRecords {
  readonly topics: readonly TopicCounts[];
  /** The latest of them, in the order of the log. */
  readonly latest: readonly BronzeRecord[];
  /** Rows of the dimensions that orders point at, by their id; none before the first promotion. */
  readonly dimensions: Dimensions;
}

export type Dimensions = Readonly<
  Record<string, readonly Readonly<Record<string, string | number | null>>[]>
>;

/**
 * Reads what bronze has of sources, by their names, all from one snapshot.
 * @param wanted undefined: of all, those included that have no file any more
 * @param most records of each
 * @param sources all that there are, by which a topic is known to be of one
 */
export async function readSourceRecords(
  client: Client,
  wanted: string | undefined,
  most: number,
  sources: ReadonlyMap<string, Source>,
): Promise<ReadonlyMap<string, SourceRecords>> {
  const byName = await topicsOf(client, sources);
  const dimensions = await readDimensions(client);
  const found = new Map<string, SourceRecords>();
  const names = wanted === undefined ? [...sources.keys(), ...byName.keys()] : [wanted];
  for (const name of new Set(names)) {
    const topics = byName.get(name) ?? [];
    const records = await readRows<Coordinates & { value: string }>(
      client,
      'query/source_records',
      [...[topics, most]],
    );
    found.set(name, {
      topics: await readRows(client, 'query/source_topics', [topics]),
      latest: records.map((record) => ({ place: formatCoordinates(record), value: record.value })),
      dimensions,
    });
  }
  return found;
}

/** The topics that ingest has read, by the source that maps them. */
async function topicsOf(
  client: Client,
  sources: ReadonlyMap<string, Source>,
): Promise<Map<string, string[]>> {
  const nameOf = sourceNames(await readTopicSources(client), sources);
  const { rows } = await client.query<{ topic: string }>(
    'select distinct topic from medallion.offsets order by topic',
  );
  const byName = new Map<string, string[]>();
  for (const { topic } of rows) {
    const name = nameOf(topic);
    if (name !== undefined) {
      byName.set(name, [...(byName.get(name) ?? []), topic]);
    }
  }
  return byName;
}

async function readDimensions(client: Client): Promise<Dimensions> {
  const tables = Object.values(REFERENCE_TABLES);
  if (!(await hasTables(client, ...tables.map(({ table }) => `silver.${table}`)))) {
    return {};
  }
  const found: Record<string, Dimensions[string]> = {};
  for (const { table, columns } of tables) {
    const { rows } = await client.query<Dimensions[string][number]>(
      `select ${columns} from silver.${table} order by id`,
    );
    found[`silver.${table}`] = rows;
  }
  return found;
}
