import type { FieldDef, QueryArrayConfig, QueryArrayResult } from 'pg';
import { codeOf, MedallionError, messageOf, throwIfInterrupted, usageError } from '../errors.ts';
import { READ_ONLY } from './failures.ts';
import { withClient, type Client, type ClientOptions } from './client.ts';
import { withTransaction } from './transaction.ts';
import type { ConnectionSettings } from '../config/server.ts';
import { pg } from './driver.ts';
import { sqlError } from './sql-error.ts';
import { splitStatements, type Statement } from './statements.ts';

/** What a column holds, so far as it decides how a value is shown. */
export type ScalarKind = 'text' | 'number' | 'boolean' | 'json' | 'timestamp';
export type ColumnKind = ScalarKind | `${ScalarKind}[]`;

export interface ResultColumn {
  readonly name: string;
  readonly kind: ColumnKind;
  /** Counted or summed, and no id, offset or year: people read it with thousands separators. */
  readonly isQuantity?: boolean;
}

/** Text as PostgreSQL writes it, so decimals and 64-bit integers keep every digit; null is null. */
export type Row = readonly (string | null)[];

export interface ResultTable {
  readonly columns: readonly ResultColumn[];
  readonly rows: readonly Row[];
}

/** Rows that come in batches, to be read once. A statement that answers with no rows has no columns. */
export interface ResultStream {
  readonly columns: readonly ResultColumn[];
  readonly batches: AsyncIterable<readonly Row[]> | Iterable<readonly Row[]>;
  /** What PostgreSQL says it did, where no rows are answered: "DELETE 3". */
  readonly done?: string;
}

export interface QueryOptions {
  /** Let the statements change things, and commit; else they run in a read-only transaction that is rolled back. */
  readonly write: boolean;
  readonly signal: AbortSignal;
}

const BATCH_ROWS = 2_000;
/** A limit on statements that the role, or the database, has is meant for those that a person writes. */
const LIMITED: ClientOptions = { keepsLimits: true };
const SEARCH_PATH = 'gold, silver, bronze, medallion, public';

/**
 * Runs every statement of `source` in one transaction and hands over the rows of the last one. When it only reads,
 * the rows come through a cursor and a result of any size needs little memory.
 * @throws MedallionError input for SQL that the server refuses, with the place and the server's hint
 */
export async function query(
  settings: ConnectionSettings,
  source: string,
  options: QueryOptions,
  receive: (result: ResultStream) => Promise<void>,
): Promise<void> {
  const statements = splitStatements(source);
  const last = statements.at(-1);
  if (last === undefined) {
    throw usageError('there is no SQL statement to run');
  }
  statements.forEach(refuseTransactionControl);
  const earlier = statements.slice(0, -1);
  if (options.write) {
    const write = async (client: Client): Promise<void> => {
      await cancelledBy(options.signal, settings, client, async () => {
        const result = await withTransaction(client, async () => {
          await client.query(`set local search_path = ${SEARCH_PATH}`);
          await runAll(client, source, earlier);
          return runStatement(client, source, last);
        }).catch((error: unknown) => {
          // A deferred constraint speaks at the commit.
          throw sqlError(error, source, { text: '', start: 0, keyword: '' });
        });
        await receive(result);
      });
    };
    await withClient(settings, write, LIMITED);
  } else {
    const read = async (client: Client): Promise<void> => {
      await client.query(`set local search_path = ${SEARCH_PATH}`);
      await runAll(client, source, earlier);
      const result = (await declareCursor(client, last))
        ? await fetchRows(client, source, last)
        : await runStatement(client, source, last);
      await receive(result);
    };
    const reading = (client: Client): Promise<void> =>
      read(client).catch((error: unknown) => {
        throw codeOf(error) === READ_ONLY ? writesUnasked(error) : error;
      });
    await withSnapshot(settings, options.signal, reading, LIMITED);
  }
}

/**
 * Runs `work` in a read-only transaction that sees one snapshot of the database and is never committed. When the signal
 * fires, the statement that is running is given up.
 * @throws MedallionError interrupted
 */
export async function withSnapshot<T>(
  settings: ConnectionSettings,
  signal: AbortSignal,
  work: (client: Client) => Promise<T>,
  options: ClientOptions = {},
): Promise<T> {
  const reading = async (client: Client): Promise<T> => {
    await client.query('set default_transaction_read_only = on');
    await client.query('begin transaction isolation level repeatable read read only');
    // From the first snapshot on PostgreSQL refuses to turn a read-only transaction into a writing one.
    await client.query('select 1');
    return cancelledBy(signal, settings, client, () => work(client));
    // The connection closes without a commit, and the server rolls back.
  };
  return withClient(settings, reading, options);
}

function writesUnasked(cause: unknown): MedallionError {
  return new MedallionError('input', messageOf(cause), {
    hint: `SQLSTATE ${READ_ONLY}. Without --write, statements can only read: add --write to change the warehouse.`,
    cause,
  });
}

/** The transaction is the tool's: one that the statements ended would leave the rest of them without its guard. */
function refuseTransactionControl({ keyword, text }: Statement): void {
  const control = /^(begin|start|commit|end|rollback|abort|savepoint|release)$/.test(keyword);
  if (control || /^prepare\s+transaction\b/i.test(text)) {
    throw new MedallionError(
      'input',
      `"${keyword}" is not allowed: all statements run in one transaction`,
      {
        hint: 'Leave it out. With --write, the transaction is committed when every statement has succeeded; without, it is rolled back.',
      },
    );
  }
}

async function runAll(
  client: Client,
  source: string,
  statements: readonly Statement[],
): Promise<void> {
  for (const statement of statements) {
    await runStatement(client, source, statement);
  }
}

async function runStatement(
  client: Client,
  source: string,
  statement: Statement,
): Promise<ResultStream> {
  try {
    const result = await client.query<string[]>(single(statement.text));
    const done = [result.command, result.rowCount]
      .filter((part) => part !== null && part !== '')
      .join(' ');
    return {
      columns: columnsOf(result.fields),
      batches: [result.rows],
      ...(result.fields.length === 0 ? { done } : {}),
    };
  } catch (error) {
    throw sqlError(error, source, statement);
  }
}

/** Declares a cursor over the statement; false when it is of a kind that has none (show, explain) or is refused. */
async function declareCursor(client: Client, statement: Statement): Promise<boolean> {
  // Rows are fetched to the last one, so the plan for all of them is the one wanted.
  await client.query('set local cursor_tuple_fraction = 1');
  await client.query('savepoint before_cursor');
  try {
    await client.query(single(`declare answer no scroll cursor for ${statement.text}`));
    return true;
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) {
      throw error;
    }
    // Run plainly the statement answers, or fails with the position of the fault in its own text.
    await client.query('rollback to savepoint before_cursor');
    return false;
  }
}

async function fetchRows(
  client: Client,
  source: string,
  statement: Statement,
): Promise<ResultStream> {
  const fetchBatch = async (): Promise<QueryArrayResult<string[]>> => {
    try {
      return await client.query<string[]>(single(`fetch ${String(BATCH_ROWS)} from answer`));
    } catch (error) {
      throw sqlError(error, source, statement);
    }
  };
  const first = await fetchBatch();
  async function* batches(): AsyncGenerator<readonly Row[]> {
    for (let batch = first; batch.rows.length > 0; batch = await fetchBatch()) {
      yield batch.rows;
      if (batch.rows.length < BATCH_ROWS) {
        return;
      }
    }
  }
  return { columns: columnsOf(first.fields), batches: batches() };
}

/** The extended protocol takes one statement a message: whatever the text is, nothing can hide behind a semicolon. */
function single(text: string): QueryArrayConfig {
  const config = { text, rowMode: 'array' as const, queryMode: 'extended' };
  return config;
}

/** Runs `work`; when the signal fires the server is told to give up the statement that is running. */
async function cancelledBy<T>(
  signal: AbortSignal,
  settings: ConnectionSettings,
  client: Client,
  work: () => Promise<T>,
): Promise<T> {
  const { rows } = await client.query<{ pid: string }>('select pg_backend_pid() as pid');
  const cancel = (): void => {
    withClient(settings, (other) =>
      other.query('select pg_cancel_backend($1)', [rows[0]?.pid]),
    ).catch(() => undefined);
  };
  throwIfInterrupted(signal);
  signal.addEventListener('abort', cancel, { once: true });
  try {
    return await work();
  } catch (error) {
    throw signal.aborted
      ? new MedallionError('interrupted', 'interrupted', { cause: error })
      : error;
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

/**
 * Type OIDs by the kind they are shown as, and in the same order the OIDs of their arrays (pg_type; fixed in PostgreSQL's
 * catalog).
 */
const TYPE_OIDS: Readonly<Partial<Record<ScalarKind, readonly [number[], number[]]>>> = {
  boolean: [[16], [1000]],
  // int8, int2, int4, oid, float4, float8, numeric
  number: [
    [20, 21, 23, 26, 700, 701, 1700],
    [1016, 1005, 1007, 1028, 1021, 1022, 1231],
  ],
  json: [
    [114, 3802], // json, jsonb
    [199, 3807],
  ],
  timestamp: [
    [1114, 1184], // timestamp, timestamptz
    [1115, 1185],
  ],
};
/** Arrays whose elements are shown as text: of text, varchar, char, "char", name, date, time, timetz, interval, uuid, bytea, inet, cidr. */
const TEXT_ARRAYS = [1009, 1015, 1014, 1002, 1003, 1182, 1183, 1270, 1187, 2951, 1001, 1041, 651];

const KINDS: ReadonlyMap<number, ColumnKind> = new Map([
  ...Object.entries(TYPE_OIDS).flatMap(([kind, [types, arrays]]): [number, ColumnKind][] => [
    ...types.map((oid): [number, ColumnKind] => [oid, kind as ScalarKind]),
    ...arrays.map((oid): [number, ColumnKind] => [oid, `${kind as ScalarKind}[]`]),
  ]),
  ...TEXT_ARRAYS.map((oid): [number, ColumnKind] => [oid, 'text[]']),
]);

export function columnsOf(fields: readonly FieldDef[]): ResultColumn[] {
  return fields.map(({ name, dataTypeID }) => ({ name, kind: KINDS.get(dataTypeID) ?? 'text' }));
}
