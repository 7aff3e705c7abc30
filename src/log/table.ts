import { MedallionError, messageOf, withHint } from '../errors.ts';
import { counted } from '../number.ts';
import { describeServer, type ConnectionSettings } from '../config/server.ts';
import { withClient, type Client } from '../postgres/client.ts';
import { identityOf } from '../postgres/identity.ts';
import { ident } from '../postgres/quote.ts';
import type { StageContext } from '../progress.ts';
import { DEFAULT_RETRY_POLICY, Retry, retryMsAtStart } from '../retry.ts';
import type { LogReader, LogRecord, ReadEnd, Sink, StoredOffset } from './log.ts';
import { sqlFile, statement } from '../sql-file.ts';

/** A table as a log, with what it held. */
export interface TableReader extends LogReader {
  /** Rows written, by their processed_status; '' where the table has none. */
  readonly writtenByStatus: ReadonlyMap<string, number>;
}

/** A table of the older pipeline, as it is found. */
interface OldTable {
  /** With its schema, quoted for SQL. */
  readonly name: string;
  readonly oid: string;
  /** In bronze: "import:" with server, database and table. No file and no Kafka topic is called so. */
  readonly topic: string;
  /** The very table: another one that is made under its name is another source. */
  readonly source: string;
  /** What is selected of it: id, produced_ms, payload, and the other columns as header0, header1 .. */
  readonly columns: string;
  readonly headers: readonly string[];
}

type Row = Readonly<Record<string, string | null>>;
/** Runs a question on the older pipeline's server, and again when that server was lost. */
type Ask = <T>(work: (client: Client) => Promise<T>) => Promise<T>;

const IMPORTED = 'import:';
/** Small enough to hold two in memory and to lose little when killed, large enough that a commit's wait does not show. */
const BATCH_BYTES = 8 << 20;
const BATCH_ROWS = 10_000;
const FIRST_ROWS = 100;
const USE_A_VIEW =
  'Make a view that has an id and a payload, and import that instead: --table schema.view';

/** Whether bronze has events of this topic from a table. */
export function isImported(topic: string): boolean {
  return topic.startsWith(IMPORTED);
}

/**
 * Opens the older pipeline's bronze_layer table, or a view like it: one partition whose offset is the row's id. A read
 * that broke off, also by a lost server, goes on after the last id that was written.
 * @throws MedallionError unreachable, denied, input
 */
export async function openTableReader(
  settings: ConnectionSettings,
  name: string,
  context: StageContext,
  policy = DEFAULT_RETRY_POLICY,
): Promise<TableReader> {
  const server = `the source PostgreSQL at ${describeServer(settings)}`;
  const atStart = new Retry(server, context, { forMs: retryMsAtStart(policy) });
  // Before anything is recorded: a wrong name or password is no run.
  const table = await atStart.run(() => askOnce(settings, (client) => findTable(client, name)));
  const writtenByStatus = new Map<string, number>();
  const retry = Retry.connected(server, context, { forMs: policy.forMs });
  const ask: Ask = (work) => retry.run(() => askOnce(settings, work));
  return {
    description: `${name} at ${describeServer(settings)}`,
    writtenByStatus,
    async read(sink, { signal }) {
      try {
        for (;;) {
          const end = await readRows(ask, table, sink, signal, writtenByStatus);
          if (end !== 'taken') {
            return end;
          }
        }
      } catch (error) {
        if (error instanceof MedallionError && error.code === 'interrupted') {
          return 'interrupted';
        }
        throw error;
      }
    },
  };
}

/** @throws MedallionError unreachable, denied, input: of the older pipeline's server, not of the warehouse */
async function askOnce<T>(
  settings: ConnectionSettings,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  return withClient(settings, work).catch((error: unknown) => {
    if (error instanceof MedallionError && error.code !== 'input') {
      const hint = 'Check --from or IMPORT_DATABASE_URL, and that the server is up.';
      throw withHint(error, hint);
    }
    if (!(error instanceof Error && 'severity' in error)) {
      throw error;
    }
    const what = `the import from PostgreSQL at ${describeServer(settings)} failed: ${messageOf(error)}`;
    const hint = 'Everything written so far stays. Run the command again to go on from there.';
    throw new MedallionError('input', what, { hint, cause: error });
  });
}

/** Writes what the table holds after the stored place; 'taken': another import has moved on meanwhile. */
async function readRows(
  ask: Ask,
  table: OldTable,
  sink: Sink,
  signal: AbortSignal,
  writtenByStatus: Map<string, number>,
): Promise<ReadEnd | 'taken'> {
  const at = { topic: table.topic, partition: 0 };
  const [stored] = await sink.storedOffsets([at]);
  const first = await startingId(ask, table, stored, sink);
  if (first === undefined) {
    return 'end';
  }
  // A batch goes on from the recorded place, even where the ids between are missing.
  let next = stored?.nextOffset ?? first;
  let position = stored?.position ?? 0n;
  const write = async (records: readonly LogRecord[]): Promise<boolean> => {
    const fromOffset = next;
    next = (records.at(-1)?.offset ?? next) + 1n;
    position += BigInt(records.length);
    const batch = { fromOffset, records, nextOffset: next, source: table.source, position };
    const isWritten = await sink.write({ ...at, ...batch });
    for (const { headers } of isWritten ? records : []) {
      const { processed_status: found } = headers ?? {};
      const status = typeof found === 'string' ? found : '';
      writtenByStatus.set(status, (writtenByStatus.get(status) ?? 0) + 1);
    }
    return isWritten;
  };
  let written = Promise.resolve(true);
  try {
    for await (const records of batches(ask, table, first)) {
      // The next rows are read while the last ones are written.
      if (!(await written)) {
        return 'taken';
      }
      if (signal.aborted) {
        return 'interrupted';
      }
      written = write(records);
      // Its failure is thrown where it is waited for.
      written.catch(() => undefined);
    }
    return (await written) ? 'end' : 'taken';
  } finally {
    // Also where the source breaks off: what is being written is written.
    await written.catch(() => undefined);
  }
}

/** The rows from an id on, in its order. */
async function* batches(
  ask: Ask,
  { name, oid, columns, headers }: OldTable,
  first: bigint,
): AsyncGenerator<LogRecord[]> {
  let last: bigint | undefined;
  for (let wanted = FIRST_ROWS; ;) {
    // From the last row on, not after it: where there is another one with its id, that shows. Of another table that came
    // under the name meanwhile no row is read.
    const { rows } = await ask((client) =>
      client.query<Row>(
        `select ${columns} from ${name} as t where t.id >= $1 and to_regclass($2)::oid = $3 order by t.id limit $4`,
        [last ?? first, name, oid, wanted + 1],
      ),
    );
    const records = rows.map((row) => recordOf(row, headers));
    if (records[0]?.offset === last) {
      records.shift();
    }
    for (const { offset } of records) {
      if (offset === last) {
        throw new MedallionError('input', `${name} has two rows with id ${offset}`, {
          hint: USE_A_VIEW,
        });
      }
      last = offset;
    }
    if (records.length === 0) {
      return;
    }
    yield records;
    const bytes = records.reduce((sum, { value }) => sum + (value?.length ?? 0), 1);
    const fitting = Math.ceil((BATCH_BYTES * records.length) / bytes);
    wanted = Math.min(fitting, wanted * 10, BATCH_ROWS);
  }
}

/** A row as a record: its id is the offset, and what stands beside the payload are its headers. */
function recordOf(row: Row, headers: readonly string[]): LogRecord {
  const { id, payload = null, produced_ms: producedMs = null } = row;
  const values = headers.map((header, index) => [header, row[`header${index}`] ?? null] as const);
  return {
    offset: BigInt(id ?? 0),
    timestamp: producedMs === null ? Date.now() : Number(producedMs),
    key: null,
    value: payload === null ? null : Buffer.from(payload),
    headers: Object.fromEntries(values),
  };
}

/**
 * The id to read from; undefined where there is no row after what was written.
 * @throws MedallionError source_changed, when what was written under this name came from another table; input
 */
async function startingId(
  ask: Ask,
  { name, source }: OldTable,
  stored: StoredOffset | undefined,
  sink: Sink,
): Promise<bigint | undefined> {
  const replaced = (what: string): MedallionError =>
    new MedallionError('source_changed', `${name} ${what}`, {
      hint: 'It was emptied or recreated. Rename it and import it by its new name: bronze then has its rows beside the old ones.',
    });
  if (stored !== undefined && stored.source !== source) {
    throw replaced('is not the table that was imported before under this name');
  }
  const place = stored?.nextOffset ?? 0n;
  const { rows } = await ask((client) =>
    client.query<{ first: string | null; last: string | null; passed: string; odd: string }>(
      statement('import/extent', { table: name }),
      [place],
    ),
  );
  const { first, last, passed = '0', odd = '0' } = rows[0] ?? { first: null, last: null };
  if (odd !== '0') {
    throw new MedallionError('input', `${name} has rows whose id is null or below 0: ${odd}`, {
      hint: USE_A_VIEW,
    });
  }
  if (last !== null && BigInt(last) < place - 1n) {
    throw replaced(`ends with id ${last}, but was read up to ${place - 1n}`);
  }
  const late = BigInt(passed) - (stored?.position ?? 0n);
  if (late > 0n) {
    sink.warn(
      `${counted(late, 'row')} of ${name} are new, but have ids below those of the last import: they are not imported`,
      'The older consumer was still running. Read these events from Kafka: medallion ingest',
    );
  }
  return first === null ? undefined : BigInt(first);
}

/**
 * Looks at a table or view: an id that is a whole number, a payload of JSON or text, and whatever else.
 * @param given its name, with a schema if need be, as SQL has it
 * @throws MedallionError input
 */
async function findTable(client: Client, given: string): Promise<OldTable> {
  const { rows } = await client
    .query<{ oid: string; schema: string; table: string; columns: string; types: string }>(
      sqlFile('import/table'),
      [given],
    )
    .catch((error: unknown) => {
      throw new MedallionError('input', `"${given}" is not a table name: ${messageOf(error)}`, {
        hint: 'Write it as in SQL: bronze_layer, public.bronze_layer, "Bronze".layer',
        cause: error,
      });
    });
  const [found] = rows;
  if (found === undefined) {
    throw new MedallionError('input', `there is no table ${given} in that database`, {
      hint: 'Give its schema, too: --table schema.table. It can be a view that has the columns id and payload.',
    });
  }
  const { oid, schema, table } = found;
  const types = JSON.parse(found.columns) as Readonly<Record<string, string>>;
  const { id, payload, created_at: createdAt = '' } = types;
  const check = (lack: string, type: string | undefined, allowed: RegExp): void => {
    if (!allowed.test(type ?? '')) {
      const what = type === undefined ? '' : ` (it is ${type})`;
      throw new MedallionError('input', `${schema}.${table} has ${lack}${what}`, {
        hint: USE_A_VIEW,
      });
    }
  };
  check('no column id of whole numbers', id, /^(smallint|integer|bigint)$/);
  check('no column payload of type jsonb, json or text', payload, /^(jsonb?|text)$/);
  const { server, database, databaseOid } = await identityOf(client);
  const headers = Object.keys(types).filter((name) => name !== 'id' && name !== 'payload');
  const hasCreatedAt = /^(timestamp|date)/.test(createdAt);
  return {
    ...{ name: `${ident(schema)}.${ident(table)}`, oid, headers },
    topic: `${IMPORTED}${server}/${database}/${schema}.${table}`,
    source: `postgres:${server}/${databaseOid}/${oid}`,
    columns: [
      'id',
      `${hasCreatedAt ? '(extract(epoch from created_at) * 1000)::float8' : 'null'} as produced_ms`,
      `${payload === 'jsonb' ? statement('import/event_of_jsonb', {}) : 'payload::text'} as payload`,
      ...headers.map((header, index) => `${ident(header)}::text as header${index}`),
    ].join(', '),
  };
}
