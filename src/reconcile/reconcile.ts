import type { Config } from '../config.ts';
import { checkArchive } from '../engine/duckdb/archive-reader.ts';
import { readArchiveFiles } from '../postgres/archive.ts';
import type { Client, ConnectionSettings } from '../postgres/client.ts';
import { withSnapshot } from '../postgres/query.ts';
import type { StageContext } from '../progress.ts';
import { keyOf, readBooks, unknownPartition, type BookedPartition } from './books.ts';
import type { Comparison } from './comparison.ts';
import {
  hasSilver,
  NO_OUTCOMES,
  readHeld,
  readOutcomes,
  type Held,
  type Outcomes,
} from './held.ts';
import { compareIngested } from './ingested.ts';
import { lookAtLogs } from './log.ts';
import { comparePromoted } from './promoted.ts';
import { comparePublished } from './published.ts';

export interface ReconcileOptions {
  /** Compare only what was ingested since then, and the days that this may have changed; as PostgreSQL reads it. */
  readonly since: string | undefined;
}

export interface ReconcileResult {
  /** Every line, by check; within a check by partition or day. */
  readonly comparisons: readonly Comparison[];
  readonly seconds: number;
}

/**
 * Compares what each layer holds with the layer before: log and bronze, bronze and silver, silver and gold. Nothing is
 * changed. All tables are seen in one snapshot, and the log after it, so what arrives meanwhile is waiting. Files of the
 * archive are asked how many events they have.
 * @throws MedallionError unreachable, denied, storage, interrupted
 */
export async function reconcile(
  settings: ConnectionSettings,
  config: Config,
  { since }: ReconcileOptions,
  context: StageContext,
): Promise<ReconcileResult> {
  const started = performance.now();
  const comparisons = await withSnapshot(settings, context.signal, async (client) => {
    const books = await readBooks(client, since);
    await checkArchive(await readArchiveFiles(client), config.duckdb, context);
    const held = await readHeld(client, books);
    const logs = await lookAtLogs(config, books, { onlyWaiting: since !== undefined }, context);
    const ingested: Comparison[] = [];
    for (const booked of [...books, ...logs.unread]) {
      const readWhole = async (): Promise<Held> => {
        const whole = { ...booked, fromOffset: 0n };
        return (await readHeld(client, [whole]))(whole);
      };
      const view = logs.views.get(keyOf(booked));
      ingested.push(...(await compareIngested(client, booked, held(booked), view, readWhole)));
    }
    return [
      ...ingested,
      ...(await compareAllPromoted(client, books, held)),
      ...((await hasSilver(client)) ? await comparePublished(client, books, since) : []),
    ];
  });
  return { comparisons, seconds: (performance.now() - started) / 1000 };
}

/**
 * Only the second comparison, of bronze and silver: what must hold before anything of bronze may go.
 * @throws MedallionError unreachable, denied, interrupted
 */
export async function reconcilePromoted(
  settings: ConnectionSettings,
  context: Pick<StageContext, 'signal'>,
): Promise<Comparison[]> {
  return withSnapshot(settings, context.signal, async (client) => {
    const books = await readBooks(client, undefined);
    return compareAllPromoted(client, books, await readHeld(client, books));
  });
}

async function compareAllPromoted(
  client: Client,
  books: readonly BookedPartition[],
  held: (partition: BookedPartition) => Held,
): Promise<Comparison[]> {
  const outcomes = await readOutcomes(client, books);
  const compared: Comparison[] = [];
  for (const booked of [...books, ...strangers(books, outcomes)]) {
    const ofPartition = outcomes.get(keyOf(booked)) ?? NO_OUTCOMES;
    compared.push(...(await comparePromoted(client, booked, held(booked), ofPartition)));
  }
  return compared;
}

/** Partitions that silver names and nobody else knows. */
function strangers(
  books: readonly BookedPartition[],
  outcomes: ReadonlyMap<string, Outcomes>,
): BookedPartition[] {
  const known = new Set(books.map(keyOf));
  return [...outcomes.keys()]
    .filter((key) => !known.has(key))
    .map((key) => {
      const cut = key.lastIndexOf('/');
      return unknownPartition({ topic: key.slice(0, cut), partition: Number(key.slice(cut + 1)) });
    });
}
