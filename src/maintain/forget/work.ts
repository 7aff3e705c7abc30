import { randomBytes } from 'node:crypto';
import type { DuckDbConfig } from '../../config.ts';
import { MedallionError } from '../../errors.ts';
import { readReferences, type ReferenceRow } from '../../event/references.ts';
import type { Client } from '../../postgres/client.ts';
import { plainTopic } from '../../postgres/offsets.ts';
import type { Coordinates } from '../../postgres/quarantine.ts';
import { readRows } from '../../postgres/rows.ts';
import { readTopicSources, sourceOfTopic, type SourceOf } from '../../postgres/topic-sources.ts';
import type { StageContext } from '../../progress.ts';
import { Eraser, NotErasable, saysItself, type Beside } from '../../source/erase.ts';
import type { Sources } from '../../source/mapping.ts';
import { sqlFile } from '../../sql-file.ts';
import type { RunOptions } from '../run.ts';

/** Rows that speak of the customer. */
export interface ForgottenRows {
  /** The table, or its column; `archive` for the Parquet files together. */
  readonly place: string;
  readonly rows: number;
  /** Whether they are changed; false: they are out of reach. */
  readonly isChanged: boolean;
}

export interface ForgetOptions extends RunOptions {
  readonly customer: string;
  /** How records of other shapes are read. */
  readonly sources: Sources;
  /** Tables of medallion's own models, as schema.name: what the columns of others mean nobody knows. */
  readonly shippedTables: ReadonlySet<string>;
  readonly duckdb: DuckDbConfig;
}

export interface Work {
  readonly client: Client;
  readonly options: ForgetOptions;
  readonly context: StageContext;
  readonly replacement: string;
  readonly eraser: Eraser;
  readonly sourceOf: SourceOf;
  readonly columns: readonly Column[];
  /** Versions and refunds of the customer's orders, which need not name the customer. */
  readonly versions: readonly Coordinates[];
  readonly orders: ReadonlySet<string>;
  /** Orders of events that name the customer. */
  readonly found: Set<string>;
  readonly places: Map<string, ForgottenRows>;
  readonly topics: Set<string>;
}

export interface Column {
  readonly table: string;
  readonly schema: string;
  readonly name: string;
  readonly isCustomer: boolean;
}

/** An event of the customer, and what it becomes. */
export interface Change extends Coordinates {
  readonly value: string;
  readonly canonical: { readonly before: string; readonly after: string } | undefined;
}

export async function workOn(
  orders: ReadonlySet<string>,
  client: Client,
  options: ForgetOptions,
  context: StageContext,
): Promise<Work> {
  const { customer, sources } = options;
  const known = [...sources.values()].find((source) => saysItself(source, customer));
  if (known !== undefined) {
    throw new MedallionError('check_failed', `${known.file} itself uses this customer id`, {
      hint: 'Nothing was changed. The source gives this id to records that have no customer: it is not a person.',
    });
  }
  const columns = await readRows<Column>(client, 'forget/columns');
  // Without rows where they are not made yet.
  const references = await readReferences(async ({ table, columns: read }) => {
    const sql = `select ${read} from silver.${table}`;
    const found = hasTable(columns, 'silver', table)
      ? (await client.query<Record<keyof ReferenceRow, string>>(sql)).rows
      : [];
    return found.map((row) => ({ ...row, id: Number(row.id) }));
  });
  const replacement = `forgotten_${randomBytes(16).toString('hex')}`;
  return {
    ...{ client, options, context, replacement, columns, orders },
    eraser: new Eraser(customer, replacement, references, orders),
    sourceOf: sourceOfTopic(await readTopicSources(client), sources),
    versions: await readVersions(client, columns, orders),
    found: new Set(),
    places: new Map(),
    topics: new Set(),
  };
}

async function readVersions(
  client: Client,
  columns: readonly Column[],
  orders: ReadonlySet<string>,
): Promise<Coordinates[]> {
  const names = [
    ...(hasTable(columns, 'silver', 'fact_transactions') ? (['forget/versions'] as const) : []),
    'forget/unread' as const,
  ];
  const versions: Coordinates[] = [];
  for (const name of orders.size === 0 ? [] : names) {
    versions.push(...(await readRows<Coordinates>(client, name, [[...orders]])));
  }
  return versions;
}

export function hasTable(columns: readonly Column[], schema: string, table: string): boolean {
  return columns.some((column) => column.schema === schema && column.table === table);
}

/**
 * What an event becomes that is the customer's; one whose key or headers alone name the customer loses these.
 * @throws MedallionError check_failed
 */
export function changeOf(
  { eraser, sourceOf, found }: Work,
  { topic, partition, offset }: Coordinates,
  value: string,
  beside?: Beside,
): Change | undefined {
  const source = sourceOf(topic);
  try {
    const erased = eraser.erase(source, value);
    if (erased?.order !== undefined) {
      found.add(erased.order);
    }
    if (erased === undefined && beside !== undefined && eraser.isNamedBy(beside)) {
      return { topic, partition, offset, value, canonical: undefined };
    }
    return erased && { topic, partition, offset, ...erased };
  } catch (error) {
    throw error instanceof NotErasable
      ? new MedallionError(
          'check_failed',
          `without its customer, the event at ${topic} ${partition} ${offset} would have another result`,
          {
            hint: `Nothing was changed. ${source?.file ?? 'Its shape'} reads the customer's id for another field, too. Change that, run promote --full-refresh, then forget again.`,
            cause: error,
          },
        )
      : error;
  }
}

export function note({ places, topics }: Work, place: string, changes: readonly Change[]): void {
  count(places, { place, rows: changes.length, isChanged: true });
  for (const { topic } of changes) {
    topics.add(plainTopic(topic));
  }
}

export function count(places: Work['places'], more: ForgottenRows): void {
  if (more.rows > 0) {
    const rows = (places.get(more.place)?.rows ?? 0) + more.rows;
    places.set(more.place, { ...more, rows });
  }
}

/** Discarded events are told apart by a hash of what they say. */
export async function rehash({ client, columns }: Work, changes: readonly Change[]): Promise<void> {
  const pairs = changes.flatMap(({ canonical }) => canonical ?? []);
  if (pairs.length > 0 && hasTable(columns, 'silver', 'discarded_events')) {
    await client.query(sqlFile('forget/rehash_events'), [
      pairs.map(({ before }) => before),
      pairs.map(({ after }) => after),
    ]);
  }
}
