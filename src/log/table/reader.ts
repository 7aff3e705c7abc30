import { MedallionError } from '../../errors.ts';
import { counted } from '../../number.ts';
import { describeServer, type ConnectionSettings } from '../../postgres/client.ts';
import type { StageContext } from '../../progress.ts';
import { DEFAULT_PATIENCE, Outage, type Patience } from '../../retry.ts';
import type { LogReader, LogRecord, ReadEnd, ReadOptions, Sink, StoredOffset } from '../log.ts';
import { recordOf, selectRows, statusOf } from './rows.ts';
import { nameOf, SourceLost, withSource, type Source } from './source.ts';
import { findTable, type OldTable } from './table.ts';

/** A table as a log, with what it held. */
export interface TableReader extends LogReader {
  /** Rows that landed, by their processed_status; '' where the table has none. */
  readonly landedByStatus: ReadonlyMap<string, number>;
}

/** Small enough to hold two in memory and to lose little when killed, large enough that a commit's wait does not show. */
const BATCH_BYTES = 8 << 20;
const BATCH_ROWS = 10_000;

/** Rows that land together. */
interface Rows {
  readonly records: LogRecord[];
  readonly statuses: string[];
  bytes: number;
}

/**
 * Reads the older pipeline's bronze_layer table, or a view like it: one partition whose offset is the row's id. The rows
 * are those of one snapshot; where reading was broken off it goes on after the last id that landed, and so it does where
 * the server is lost and comes back.
 * @throws MedallionError unreachable, denied, input
 */
export async function openTableReader(
  settings: ConnectionSettings,
  table: string,
  context: StageContext,
  patience: Patience = DEFAULT_PATIENCE,
): Promise<TableReader> {
  const landedByStatus = new Map<string, number>();
  const description = `${table} at ${describeServer(settings)}`;
  // Asked for before anything is recorded: a wrong name or password is no run.
  const beginning = new Outage(nameOf(settings), context, {
    forMs: patience.atStart ? patience.forMs : 0,
  });
  await beginning.ride(() =>
    withSource(settings, (source) => source.ask((client) => findTable(client, table))),
  );
  return {
    description,
    landedByStatus,
    async read(sink: Sink, { signal }: ReadOptions): Promise<ReadEnd> {
      const count = (status: string): void => {
        landedByStatus.set(status, (landedByStatus.get(status) ?? 0) + 1);
      };
      const outage = new Outage(nameOf(settings), context, { forMs: patience.forMs });
      outage.end();
      for (;;) {
        try {
          const end = await withSource(settings, (source) =>
            pass(source, table, sink, signal, { count, outage }),
          );
          if (end !== 'taken') {
            return end;
          }
        } catch (error) {
          if (!(error instanceof SourceLost)) {
            throw error;
          }
          if (!signal.aborted) {
            await outage.wait(error, signal);
          }
          if (signal.aborted) {
            return 'interrupted';
          }
        }
      }
    },
  };
}

/** Lands what the table holds after the stored place; 'taken': another import has moved on meanwhile. */
async function pass(
  source: Source,
  name: string,
  sink: Sink,
  signal: AbortSignal,
  { count, outage }: { readonly count: (status: string) => void; readonly outage: Outage },
): Promise<ReadEnd | 'taken'> {
  const table = await source.ask(async (client) => {
    await client.query('begin transaction isolation level repeatable read read only');
    // A sort would hold all rows before the first.
    await client.query('set local enable_sort = off');
    return findTable(client, name);
  });
  outage.answered();
  const [stored] = await sink.storedOffsets([{ topic: table.topic, partition: 0 }]);
  const first = await startingId(source, table, stored, sink);
  if (first === undefined) {
    return 'end';
  }
  // The batch goes on from the place that the books hold, even where the ids between are missing.
  let next = stored?.nextOffset ?? first;
  let taken = stored?.position ?? 0n;
  let landing: Promise<boolean> = Promise.resolve(true);
  const land = async ({ records, statuses }: Rows): Promise<boolean> => {
    const fromOffset = next;
    next = (records.at(-1)?.offset ?? next) + 1n;
    taken += BigInt(records.length);
    const isAhead = await sink.land({
      ...{ topic: table.topic, partition: 0, source: table.source },
      ...{ fromOffset, records, nextOffset: next, position: taken },
    });
    if (isAhead) {
      statuses.forEach(count);
    }
    return isAhead;
  };
  try {
    for await (const rows of batches(source, table, first)) {
      outage.end();
      // The next rows are read while the last ones are written.
      if (!(await landing)) {
        return 'taken';
      }
      if (signal.aborted) {
        return 'interrupted';
      }
      landing = land(rows);
      // Its failure is thrown where it is waited for.
      landing.catch(() => undefined);
    }
    return (await landing) ? 'end' : 'taken';
  } finally {
    // Also where the source breaks off: what is being written is written.
    await landing.catch(() => undefined);
  }
}

/** The rows from an id on, in its order. */
async function* batches(source: Source, table: OldTable, from: bigint): AsyncGenerator<Rows> {
  const fresh = (): Rows => ({ records: [], statuses: [], bytes: 0 });
  let rows = fresh();
  let last: bigint | undefined;
  for await (const fields of source.copyOut(selectRows(table, from))) {
    const record = recordOf(fields, table);
    if (record.offset === last) {
      throw new MedallionError('input', `${table.name} has two rows with id ${String(last)}`, {
        hint: 'A view that numbers its rows can be imported in its place: --table schema.view.',
      });
    }
    last = record.offset;
    rows.records.push(record);
    rows.statuses.push(statusOf(fields, table));
    rows.bytes += record.value?.length ?? 0;
    if (rows.bytes >= BATCH_BYTES || rows.records.length >= BATCH_ROWS) {
      yield rows;
      rows = fresh();
    }
  }
  if (rows.records.length > 0) {
    yield rows;
  }
}

/**
 * The id to read from; undefined where there is no row after what has landed.
 * @throws MedallionError source_changed, when what landed under this name came from another table; input
 */
async function startingId(
  source: Source,
  table: OldTable,
  stored: StoredOffset | undefined,
  sink: Sink,
): Promise<bigint | undefined> {
  if (stored !== undefined && stored.source !== table.source) {
    throw replaced(`${table.name} is another table than the one imported before under this name`);
  }
  const place = stored?.nextOffset ?? 0n;
  const { rows } = await source.ask((client) =>
    client.query<{ first: string | null; last: string | null; passed: string; odd: string }>(
      `select min(id) filter (where id >= $1) as first, max(id) as last,
              count(*) filter (where id >= 0 and id < $1) as passed,
              count(*) filter (where id < 0 or id is null) as odd
         from ${table.name}`,
      [place],
    ),
  );
  const { first, last, passed = '0', odd = '0' } = rows[0] ?? { first: null, last: null };
  if (odd !== '0') {
    throw new MedallionError('input', `${table.name} has rows without an id from 0 on: ${odd}`, {
      hint: 'A view that numbers its rows can be imported in its place: --table schema.view.',
    });
  }
  if (last !== null && BigInt(last) < place - 1n) {
    throw replaced(`${table.name} ends with id ${last}, but was read up to ${place - 1n}`);
  }
  const late = BigInt(passed) - (stored?.position ?? 0n);
  if (late > 0n) {
    sink.warn(
      `${counted(late, 'row')} of ${table.name} have come since the last import with ids that it had passed; they are left out`,
      'The older consumer was still writing. What it read of Kafka lately, ingest reads there.',
    );
  }
  return first === null ? undefined : BigInt(first);
}

function replaced(what: string): MedallionError {
  return new MedallionError('source_changed', what, {
    hint: 'It was emptied or made anew. Rename it, and its rows land under the new name beside the old ones.',
  });
}
