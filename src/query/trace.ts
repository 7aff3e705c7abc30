import { MedallionError } from '../errors.ts';
import type { BronzePlace } from '../engine/engine.ts';
import type { Model } from '../model/model.ts';
import type { Client } from '../postgres/client.ts';
import type { ResultTable } from '../postgres/query.ts';
import { readTopicSources, sourceNames } from '../postgres/topic-sources.ts';
import type { Source } from '../source/mapping.ts';
import { orderIdOf } from '../source/order-id.ts';
import { archivedEvent, withArchived, type ArchiveAccess } from './archived.ts';
import { cellsOf } from './marts.ts';
import { affectsRows, hasTables } from '../postgres/ask.ts';
import { statement } from '../sql-file.ts';
import { ask, askSql, rowsOf } from './ask.ts';

export const TRACE_PARTS = [
  'event',
  'events',
  'quarantine',
  'transaction',
  'lines',
  'refunds',
  'gold',
] as const;
export type TracePart = (typeof TRACE_PARTS)[number];

/** The way of a transaction from bronze to gold. A part that does not apply is not there. */
export interface Trace {
  readonly parts: Readonly<Partial<Record<TracePart, ResultTable>>>;
  /** What is to be known about it beyond the rows. */
  readonly notes: readonly string[];
}

/** A place in the log; several names when it is not known under which of them bronze has it. */
export interface EventPlace {
  readonly topics: readonly string[];
  readonly partition: number;
  readonly offset: bigint;
}

interface Models {
  readonly silver: readonly Model[];
  readonly gold: readonly Model[];
}

/**
 * Follows a transaction by its id.
 * @throws MedallionError not_found
 */
export async function traceTransaction(
  client: Client,
  models: Models,
  id: string,
  archive: ArchiveAccess,
): Promise<Trace> {
  const trace = await follow(client, models, id, undefined, archive);
  const { events, quarantine } = trace.parts;
  if ((events?.rows.length ?? 0) + (quarantine?.rows.length ?? 0) === 0) {
    throw new MedallionError('not_found', `no event with the transaction id "${id}" is in bronze`, {
      hint: 'Ids are case-sensitive. To see whether events still wait in the log: medallion status',
    });
  }
  return trace;
}

/**
 * Follows an event from its place in the log, with the transaction that it speaks of.
 * @throws MedallionError not_found
 */
export async function traceEvent(
  client: Client,
  models: Models,
  { topics, partition, offset }: EventPlace,
  archive: ArchiveAccess,
  sources: ReadonlyMap<string, Source>,
): Promise<Trace> {
  const sourceOf = await sourcesOfTopics(client, sources);
  for (const topic of topics) {
    const place = { topic, partition, offset };
    const inBronze = await ask(client, 'trace_event', [topic, partition, offset]);
    const event =
      inBronze.rows.length > 0 ? inBronze : await archivedEvent(client, inBronze, place, archive);
    const [row] = rowsOf<'value'>(event);
    const source = sourceOf(topic);
    const id = orderIdOf(row?.value ?? '', source);
    const found = await follow(client, models, id, place, archive);
    const trace =
      source === undefined || isOf(found, place)
        ? found
        : await followPlace(client, models, place, archive, found);
    if (row !== undefined || (trace.parts.quarantine?.rows.length ?? 0) > 0) {
      const notes = [...(await skippedNote(client, place)), ...trace.notes];
      return { parts: { event, ...trace.parts }, notes };
    }
  }
  throw new MedallionError(
    'not_found',
    `bronze has no event at offset ${offset} of partition ${partition} of ${topics.join(' or ')}`,
    { hint: 'To see how far each partition is ingested: medallion status --section partitions' },
  );
}

/** How the records of a topic are mapped, as far as the sources are there. */
async function sourcesOfTopics(
  client: Client,
  sources: ReadonlyMap<string, Source>,
): Promise<(topic: string) => Source | undefined> {
  const nameOf = sourceNames(await readTopicSources(client), sources);
  return (topic) => sources.get(nameOf(topic) ?? '');
}

/** Whether a trace comes by an event. */
function isOf({ parts: { events, quarantine } }: Trace, { topic, partition, offset }: BronzePlace) {
  return [events, quarantine].some(
    (table) =>
      table !== undefined &&
      rowsOf<'topic' | 'partition' | 'offset'>(table).some(
        (row) =>
          row.topic === topic &&
          row.partition === String(partition) &&
          row.offset === String(offset),
      ),
  );
}

/** Follows the transaction that silver has of an event: its mapping may have changed since, and the id with it. */
async function followPlace(
  client: Client,
  models: Models,
  place: BronzePlace,
  archive: ArchiveAccess,
  otherwise: Trace,
): Promise<Trace> {
  if (!(await hasTables(client, 'silver.discarded_events', 'silver.fact_transactions'))) {
    return otherwise;
  }
  const { topic, partition, offset } = place;
  const [known] = rowsOf<'transaction_id'>(
    await ask(client, 'trace_place', [topic, partition, offset]),
  );
  return known === undefined
    ? otherwise
    : follow(client, models, known.transaction_id ?? undefined, place, archive);
}

async function follow(
  client: Client,
  models: Models,
  id: string | undefined,
  place: BronzePlace | undefined,
  archive: ArchiveAccess,
): Promise<Trace> {
  const quarantine = await ask(client, 'trace_quarantine', [
    id === undefined ? null : JSON.stringify(id),
    ...[place?.topic ?? null, place?.partition ?? null, place?.offset ?? null],
    ...[numberPattern(id), id],
  ]);
  if (id === undefined) {
    return { parts: { quarantine }, notes: [] };
  }
  const waiting = await ask(client, 'trace_waiting', [JSON.stringify(id), numberPattern(id), id]);
  if (!(await hasTables(client, 'silver.discarded_events', 'silver.fact_transaction_items'))) {
    return { parts: { events: waiting, quarantine }, notes: waitingNote(waiting) };
  }
  const select = statement('query/trace_events', {
    newest_first: statement('source/newest_first', {}),
  });
  const known = await withArchived(client, await askSql(client, select, [id]), archive);
  const events = { columns: known.columns, rows: [...known.rows, ...waiting.rows] };
  if (known.rows.length === 0) {
    return { parts: { events, quarantine }, notes: waitingNote(waiting) };
  }
  const transaction = await ask(client, 'trace_transaction', [id]);
  const lines = await ask(client, 'trace_lines', [id]);
  const refunds = await ask(client, 'trace_refunds', [id]);
  const [fact] = rowsOf<'event_type' | 'date_key' | 'refunds'>(transaction);
  const type = fact?.event_type ?? '';
  const parts = { events, quarantine, transaction, lines, refunds };
  const { table: gold, untraced } = await cellsOf(client, models, id, type);
  const notes = [
    ...(await orderNote(client, fact?.refunds ?? null)),
    ...(gold.columns.length === 0 ? [`no mart counts events of type "${type}"`] : []),
    ...(await dayNote(client, fact?.date_key ?? null)),
    ...waitingNote(waiting),
    ...(untraced.length === 0 ? [] : [`not traced, because of their keys: ${untraced.join(', ')}`]),
  ];
  return { parts: { ...parts, gold }, notes };
}

/** How JSON has an id that is a number; null where it is none. */
function numberPattern(id = ''): string | null {
  return /^\d+$/.test(id) ? `[:[,]\\s*${id}\\s*[],}]` : null;
}

async function skippedNote(
  client: Client,
  { topic, partition, offset }: BronzePlace,
): Promise<string[]> {
  const [skipped] = rowsOf<'run_id' | 'source'>(
    await ask(client, 'trace_skipped', [topic, partition, offset]),
  );
  return skipped === undefined
    ? []
    : [
        `skipped by run ${skipped.run_id ?? ''}: the where of source ${skipped.source ?? ''} leaves it out`,
      ];
}

function waitingNote({ rows }: ResultTable): string[] {
  return rows.length === 0 ? [] : ['some of its events wait for medallion promote'];
}

/** Of a refund, whether silver has the order that it takes back. */
async function orderNote(client: Client, order: string | null): Promise<string[]> {
  if (order === null) {
    return [];
  }
  const sql = 'select from silver.fact_transactions where transaction_id = $1';
  return (await affectsRows(client, sql, [order]))
    ? []
    : [`it refunds an order that silver does not have: ${order}`];
}

async function dayNote(client: Client, day: string | null): Promise<string[]> {
  const sql = 'select from medallion.stale_dates where date_key = $1';
  return !(await affectsRows(client, sql, [day]))
    ? []
    : [`gold of ${day ?? ''} is out of date: the day waits for medallion promote`];
}
