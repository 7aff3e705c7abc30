import { MedallionError, messageOf, withHint } from '../errors.ts';
import { counted } from '../number.ts';
import {
  connect,
  describeServer,
  lostConnection,
  type Client,
  type ConnectionSettings,
} from '../postgres/client.ts';
import { identityOf } from '../postgres/identity.ts';
import { ident } from '../postgres/quote.ts';
import type { StageContext } from '../progress.ts';
import { DEFAULT_RETRY_POLICY, Retry, retryMsAtStart } from '../retry.ts';
import type { LogReader, LogRecord, ReadEnd, Sink, StoredOffset } from './log.ts';

/** A table as a log, with what it held. */
export interface TableReader extends LogReader {
  /** Rows written, by their processed_status; '' where the table has none. */
  readonly writtenByStatus: ReadonlyMap<string, number>;
}

/** A table of the older pipeline, as it is found. */
interface OldTable {
  /** With its schema, quoted for SQL. */
  readonly name: string;
  /** In bronze: "import:" with server, database and table. No file and no Kafka topic is called so. */
  readonly topic: string;
  /** The very table: another one that is made under its name is another source. */
  readonly source: string;
  readonly payloadType: 'jsonb' | 'json' | 'text';
  /** Whether created_at is there, and a time. */
  readonly hasCreatedAt: boolean;
  /** All columns but id and payload. */
  readonly otherColumns: readonly string[];
}

type Row = Readonly<Record<string, string | null>>;

const IMPORTED = 'import:';
/** Small enough to hold two in memory and to lose little when killed, large enough that a commit's wait does not show. */
const BATCH_BYTES = 8 << 20;
const BATCH_ROWS = 10_000;
const FIRST_ROWS = 100;
const USE_A_VIEW =
  'A view with an id and a payload can be imported in its place: --table schema.view.';

/** Whether bronze has events of this topic from a table. */
export function isImported(topic: string): boolean {
  return topic.startsWith(IMPORTED);
}

/**
 * Opens the older pipeline's bronze_layer table, or a view like it: one partition whose offset is the row's id. The rows
 * are those of one snapshot. A read that broke off, also by a lost server, goes on after the last id that was written.
 * @throws MedallionError unreachable, denied, input
 */
export async function openTableReader(
  settings: ConnectionSettings,
  table: string,
  context: StageContext,
  policy = DEFAULT_RETRY_POLICY,
): Promise<TableReader> {
  const server = `the source PostgreSQL at ${describeServer(settings)}`;
  const writtenByStatus = new Map<string, number>();
  // Before anything is recorded: a wrong name or password is no run.
  const first = new OldServer(settings);
  await new Retry(server, context, { forMs: retryMsAtStart(policy) })
    .run(() => first.ask((client) => findTable(client, table)))
    .finally(() => first.close());
  return {
    description: `${table} at ${describeServer(settings)}`,
    writtenByStatus,
    async read(sink, { signal }) {
      const retry = Retry.connected(server, context, { forMs: policy.forMs });
      for (;;) {
        const source = new OldServer(settings);
        try {
          const end = await readRows(source, table, sink, signal, retry, writtenByStatus);
          if (end !== 'taken') {
            return end;
          }
        } catch (error) {
          const { lost } = source;
          // A warehouse that is lost is the sink's to retry.
          if (lost === undefined || error !== lost) {
            throw error;
          }
          if (!(await retry.wait(lost, signal))) {
            return 'interrupted';
          }
        } finally {
          await source.close();
        }
      }
    },
  };
}

/** Writes what the table holds after the stored place; 'taken': another import has moved on meanwhile. */
async function readRows(
  source: OldServer,
  name: string,
  sink: Sink,
  signal: AbortSignal,
  retry: Retry,
  writtenByStatus: Map<string, number>,
): Promise<ReadEnd | 'taken'> {
  const table = await source.ask((client) => findTable(client, name));
  retry.answered();
  const at = { topic: table.topic, partition: 0 };
  const [stored] = await sink.storedOffsets([at]);
  const first = await startingId(source, table, stored, sink);
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
    for await (const rows of batches(source, table, first)) {
      retry.succeeded();
      // The next rows are read while the last ones are written.
      if (!(await written)) {
        return 'taken';
      }
      if (signal.aborted) {
        return 'interrupted';
      }
      written = write(rows.map((row) => recordOf(row, table)));
      // Its failure is thrown where it is waited for.
      written.catch(() => undefined);
    }
    return (await written) ? 'end' : 'taken';
  } finally {
    // Also where the source breaks off: what is being written is written.
    await written.catch(() => undefined);
  }
}

/** The rows from an id on, in its order: id, produced_ms, payload, and the other columns as text. */
async function* batches(source: OldServer, table: OldTable, from: bigint): AsyncGenerator<Row[]> {
  const { name, payloadType, hasCreatedAt, otherColumns } = table;
  const columns = [
    'id::text as "id"',
    `${hasCreatedAt ? '(extract(epoch from created_at) * 1000)::float8' : 'null'} as "produced_ms"`,
    `${payloadType === 'jsonb' ? EVENT_OF_JSONB : 'payload::text'} as "payload"`,
    ...otherColumns.map((column, index) => `${ident(column)}::text as header${index}`),
  ];
  await source.ask(async (client) => {
    // A sort would hold all rows before the first.
    await client.query('set local enable_sort = off');
    await client.query(
      `declare old_rows no scroll cursor for
       select ${columns.join(', ')} from ${name} where id >= ${from} order by ${name}.id`,
    );
  });
  let last: string | null | undefined;
  for (let wanted = FIRST_ROWS; ;) {
    const { rows } = await source.ask((client) =>
      client.query<Row>(`fetch ${wanted} from old_rows`),
    );
    if (rows.length === 0) {
      return;
    }
    let bytes = 0;
    for (const { id, payload } of rows) {
      if (id === last) {
        throw new MedallionError('input', `${name} has two rows with id ${String(id)}`, {
          hint: USE_A_VIEW,
        });
      }
      last = id;
      bytes += payload?.length ?? 0;
    }
    yield rows;
    const fitting = Math.floor((BATCH_BYTES * rows.length) / Math.max(bytes, 1));
    wanted = Math.max(1, Math.min(fitting, wanted * 10, BATCH_ROWS));
  }
}

/**
 * The event in a jsonb: as it is; out of the string that some clients wrap JSON in; or, where only its inner part was
 * stored, in its envelope again.
 */
const EVENT_OF_JSONB = `case jsonb_typeof(payload)
    when 'string' then payload #>> '{}'
    when 'object' then case
        when payload ? 'data' then payload
        when payload ? 'transaction_details' then jsonb_build_object('data', payload)
        when payload ? 'transaction_id' then
            jsonb_build_object('data', jsonb_build_object('transaction_details', payload))
        else payload
    end::text
    else payload::text
end`;

/** A row as a record: its id is the offset, and what stands beside the payload are its headers. */
function recordOf(row: Row, { otherColumns }: OldTable): LogRecord {
  const { id, payload = null, produced_ms: producedMs = null } = row;
  return {
    offset: BigInt(id ?? 0),
    timestamp: producedMs === null ? Date.now() : Number(producedMs),
    key: null,
    value: payload === null ? null : Buffer.from(payload),
    headers: Object.fromEntries(
      otherColumns.map((column, index) => [column, row[`header${index}`] ?? null]),
    ),
  };
}

/**
 * The id to read from; undefined where there is no row after what was written.
 * @throws MedallionError source_changed, when what was written under this name came from another table; input
 */
async function startingId(
  source: OldServer,
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
      hint: USE_A_VIEW,
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
    hint: 'It was emptied or made anew. Rename it: its rows are then written under the new name, beside the old ones.',
  });
}

/** The older pipeline's server, in one snapshot; its failures name it, not the warehouse. */
class OldServer {
  readonly #settings: ConnectionSettings;
  #client: Client | undefined;
  /** What broke the connection, where that may pass. */
  lost: MedallionError | undefined;

  constructor(settings: ConnectionSettings) {
    this.#settings = settings;
  }

  /** @throws MedallionError unreachable, denied, input */
  async ask<T>(work: (client: Client) => Promise<T>): Promise<T> {
    try {
      this.#client ??= await this.#open();
      return await work(this.#client);
    } catch (error) {
      const failure = this.#errorOf(error);
      this.lost = failure instanceof MedallionError && failure.retriable ? failure : undefined;
      await this.close();
      throw failure;
    }
  }

  async close(): Promise<void> {
    await this.#client?.end().catch(() => undefined);
    this.#client = undefined;
  }

  async #open(): Promise<Client> {
    const client = await connect(this.#settings).catch((error: unknown) => {
      const hint = 'Check --from or IMPORT_DATABASE_URL, and whether that server is up.';
      throw error instanceof MedallionError ? withHint(error, hint) : error;
    });
    await client.query('begin transaction isolation level repeatable read read only');
    return client;
  }

  #errorOf(error: unknown): unknown {
    const known = lostConnection(error, this.#settings);
    const isOfServer = known instanceof Error && 'severity' in known;
    return isOfServer
      ? new MedallionError(
          'input',
          `PostgreSQL at ${describeServer(this.#settings)} broke off: ${messageOf(error)}`,
          {
            hint: 'What was written stays; run the command again to go on from there.',
            cause: error,
          },
        )
      : known;
  }
}

/**
 * Looks at a table or view: an id that is a whole number, a payload of JSON or text, and whatever else.
 * @param given its name, with a schema if need be, as SQL has it
 * @throws MedallionError input
 */
async function findTable(client: Client, given: string): Promise<OldTable> {
  const found = await client
    .query<{ oid: string; schema: string; table: string }>(
      `select c.oid, nspname as schema, relname as table
         from pg_class c join pg_namespace n on n.oid = relnamespace
        where c.oid = to_regclass($1) and relkind in ('r', 'p', 'v', 'm', 'f')`,
      [given],
    )
    .catch((error: unknown) => {
      throw new MedallionError('input', `"${given}" is no name of a table: ${messageOf(error)}`, {
        hint: 'Name it as SQL does: bronze_layer, public.bronze_layer, "Bronze".layer.',
        cause: error,
      });
    });
  const [{ oid, schema, table } = {}] = found.rows;
  if (oid === undefined || schema === undefined || table === undefined) {
    throw new MedallionError('input', `there is no table ${given} in that database`, {
      hint: 'Name it with its schema: --table schema.table. A view with columns id and payload will do, too.',
    });
  }
  const { rows } = await client.query<{ name: string; type: string }>(
    `select attname as name, format_type(atttypid, null) as type from pg_attribute
      where attrelid = $1 and attnum > 0 and not attisdropped order by attnum`,
    [oid],
  );
  const types = new Map(rows.map(({ name, type }) => [name, type]));
  const check = (lack: string, type: string | undefined, allowed: RegExp): void => {
    if (!allowed.test(type ?? '')) {
      const what = type === undefined ? '' : ` (it is ${type})`;
      throw new MedallionError('input', `${schema}.${table} has ${lack}${what}`, {
        hint: USE_A_VIEW,
      });
    }
  };
  const payloadType = types.get('payload');
  check('no column id of whole numbers', types.get('id'), /^(smallint|integer|bigint)$/);
  check('no column payload of type jsonb, json or text', payloadType, /^(jsonb?|text)$/);
  const { server, database, databaseOid } = await identityOf(client);
  return {
    name: `${ident(schema)}.${ident(table)}`,
    topic: `${IMPORTED}${server}/${database}/${schema}.${table}`,
    source: `postgres:${server}/${databaseOid}/${oid}`,
    payloadType: payloadType as OldTable['payloadType'],
    hasCreatedAt: /^(timestamp|date)/.test(types.get('created_at') ?? ''),
    otherColumns: [...types.keys()].filter((name) => name !== 'id' && name !== 'payload'),
  };
}
