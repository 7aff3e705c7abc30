import type { DuckDBConnection, DuckDBResult, DuckDBValue } from '@duckdb/node-api';
import { rmSync } from 'node:fs';
import { MedallionError, messageOf, usageError } from '../../errors.ts';
import { makeFolder } from '../../folder.ts';
import type { StageContext } from '../../progress.ts';
import { archiveTable } from './archive.ts';
import { ATTACHED, queried } from './warehouse.ts';
import { DuckDBBlobValue } from './driver.ts';
import { attachWarehouse, startDuckDb, type DuckDbOptions } from './engine.ts';
import { ARCHIVE, foreseen } from './errors.ts';
import { reachPlaces } from './s3.ts';
import { doubleQuoted, singleQuoted } from './sql.ts';
import { sqlFile } from '../../sql-file.ts';

/** Rows that come in batches, to be read once; every value as text. */
export interface Answer {
  readonly columns: readonly {
    readonly name: string;
    readonly kind: 'text' | 'number' | 'boolean' | 'timestamp';
  }[];
  readonly batches: AsyncIterable<readonly (readonly (string | null)[])[]>;
}

/**
 * Runs statements of DuckDB's dialect over bronze, silver and gold, where bronze.events has the events of the archive, too:
 * all of one moment. Hands over the rows of the last statement.
 * @throws MedallionError input for SQL that DuckDB refuses
 */
export async function queryWithArchive(
  options: DuckDbOptions,
  sql: string,
  context: StageContext,
  receive: (answer: Answer) => Promise<void>,
): Promise<void> {
  await makeFolder(options.spillDirectory);
  try {
    const instance = await startDuckDb(options, context);
    const connection = await instance.connect();
    const interrupt = (): void => connection.interrupt();
    context.signal.addEventListener('abort', interrupt, { once: true });
    try {
      await foreseen(() => prepare(connection, options, context), ARCHIVE);
      await run(connection, sql, receive);
    } catch (error) {
      throw context.signal.aborted
        ? new MedallionError('interrupted', 'interrupted', { cause: error })
        : error;
    } finally {
      context.signal.removeEventListener('abort', interrupt);
      connection.closeSync();
      instance.closeSync();
    }
  } finally {
    rmSync(options.spillDirectory, { recursive: true, force: true });
  }
}

/** Makes the schemas, whose views read the warehouse in the transaction that the statements run in. */
async function prepare(
  connection: DuckDBConnection,
  options: DuckDbOptions,
  context: StageContext,
): Promise<void> {
  await attachWarehouse(connection, options);
  // A transaction that reads the warehouse takes no secret.
  await reachPlaces(connection, await readPlaces(connection), { duckdb: options.duckdb, context });
  await connection.run('begin');
  // Of the same moment as the rows of bronze: an event is in one of the two.
  const files = await readPlaces(connection);
  for (const schema of ['bronze', 'silver', 'gold']) {
    await connection.run(`create schema ${schema}`);
  }
  for (const [schema = '', name = ''] of await textsOf(
    connection,
    queried(sqlFile('archive/readable')),
  )) {
    const table = `${doubleQuoted(schema)}.${doubleQuoted(name)}`;
    const archived =
      table === '"bronze"."events"' && files.length > 0
        ? ` union all by name select * from ${archiveTable(files, 'every column')}`
        : '';
    await connection.run(`create view ${table} as select * from ${ATTACHED}.${table}${archived}`);
  }
  await connection.run(`set search_path = ${singleQuoted('gold,silver,bronze,main')}`);
}

async function readPlaces(connection: DuckDBConnection): Promise<string[]> {
  const rows = await textsOf(
    connection,
    `select archive || '/' || path from ${ATTACHED}.medallion.archive_files where archived_at is not null`,
  );
  return rows.map(([place]) => place ?? '');
}

async function textsOf(connection: DuckDBConnection, sql: string): Promise<string[][]> {
  const reader = await connection.runAndReadAll(sql);
  return reader.getRows().map((row) => row.map(String));
}

async function run(
  connection: DuckDBConnection,
  sql: string,
  receive: (answer: Answer) => Promise<void>,
): Promise<void> {
  const statements = await connection.extractStatements(sql).catch(refuse);
  for (let index = 0; index < statements.count; index += 1) {
    const statement = await statements.prepare(index).catch(refuse);
    const result = await foreseen(() => statement.stream(), ARCHIVE).catch(refuse);
    if (index === statements.count - 1) {
      await receive({ columns: columnsOf(result), batches: batchesOf(result) });
    }
  }
  if (statements.count === 0) {
    throw usageError('there is no SQL statement to run');
  }
}

function refuse(error: unknown): never {
  if (error instanceof MedallionError) {
    throw error;
  }
  throw new MedallionError('input', messageOf(error), {
    hint: 'With --archive DuckDB runs the query, in its own SQL dialect. Leave --archive out for what only PostgreSQL has.',
    cause: error,
  });
}

type Kind = Answer['columns'][number]['kind'];

const KINDS: readonly (readonly [type: RegExp, kind: Kind])[] = [
  [/^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL.*)$/, 'number'],
  [/^BOOLEAN$/, 'boolean'],
  [/^TIMESTAMP/, 'timestamp'],
];

function columnsOf(result: DuckDBResult): Answer['columns'] {
  const types = result.columnTypes().map(String);
  return result.columnNames().map((name, index) => {
    const found = KINDS.find(([pattern]) => pattern.test(types[index] ?? ''));
    return { name, kind: found?.[1] ?? 'text' };
  });
}

async function* batchesOf(result: DuckDBResult): AsyncGenerator<(string | null)[][]> {
  const batches = result.yieldRows();
  for (;;) {
    const next = await foreseen(() => batches.next(), ARCHIVE).catch(refuse);
    if (next.done === true) {
      return;
    }
    yield next.value.map((row) => row.map(textOf));
  }
}

/** As PostgreSQL writes it. */
function textOf(value: DuckDBValue): string | null {
  if (value === null || typeof value === 'string') {
    return value;
  }
  if (typeof value === 'boolean') {
    return value ? 't' : 'f';
  }
  return value instanceof DuckDBBlobValue
    ? `\\x${Buffer.from(value.bytes).toString('hex')}`
    : String(value);
}
