import type { DuckDBConnection } from '@duckdb/node-api';
import { availableParallelism } from 'node:os';
import type { Engine } from '../engine.ts';
import { DuckDBInstance } from './driver.ts';
import { RowCache } from './row-cache.ts';
import { DuckDbSession } from './session.ts';
import type { Warehouse } from './warehouse.ts';

/** What stands for a warehouse where there is none. */
export interface Given {
  /** The records of bronze: topic GIVEN_TOPIC, partition 0, offsets from 0. */
  readonly records: readonly string[];
  /** Selects of the rows of silver.<name>, by the name. */
  readonly dimensions: ReadonlyMap<string, string>;
}

/** Where the records that are given to a detached engine stand in bronze. */
export const GIVEN_TOPIC = 'given';

export interface DetachedEngine extends Pick<Engine, 'close'> {
  openSession(): Promise<DuckDbSession>;
}

const NOTHING: Given = { records: [], dimensions: new Map() };

/** DuckDB in memory without a warehouse, an extension or a file, for selects over rows that are given. */
export async function openDetached(given: Given = NOTHING): Promise<DetachedEngine> {
  const instance = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    threads: String(availableParallelism()),
  });
  const connection = await instance.connect();
  await connection.run("set global timezone = 'UTC'");
  await makeBronze(connection, given.records);
  connection.closeSync();
  // DuckDB itself reads what is given, by the names that PostgreSQL has for it.
  const warehouse: Warehouse = {
    rows: (sql, name) => Promise.resolve(given.dimensions.get(name) ?? sql),
  };
  let opened = 0;
  return {
    async openSession() {
      opened += 1;
      return DuckDbSession.open(
        await instance.connect(),
        `session_${String(opened)}`,
        new RowCache(),
        warehouse,
        undefined,
        () => undefined,
      );
    },
    close: () => {
      instance.closeSync();
      return Promise.resolve();
    },
  };
}

/** bronze.events of every session: a database of the name has the table. */
async function makeBronze(connection: DuckDBConnection, records: readonly string[]): Promise<void> {
  await connection.run("attach ':memory:' as bronze");
  await connection.run(
    `create table bronze.events
       (topic varchar, partition integer, "offset" bigint, produced_at timestamptz, value varchar)`,
  );
  const appender = await connection.createAppender('events', 'main', 'bronze');
  for (const [offset, record] of records.entries()) {
    appender.appendVarchar(GIVEN_TOPIC);
    appender.appendInteger(0);
    appender.appendBigInt(BigInt(offset));
    appender.appendNull();
    appender.appendVarchar(record);
    appender.endRow();
  }
  appender.closeSync();
}
