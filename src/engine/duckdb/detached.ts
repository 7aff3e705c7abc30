import type { DuckDBConnection } from '@duckdb/node-api';
import { availableParallelism } from 'node:os';
import { NewMembers } from '../../event/new-members.ts';
import { DuckDBInstance } from './driver.ts';
import { RowCache } from './row-cache.ts';
import { DuckDbSession } from './session.ts';
import { makeMacros } from './source.ts';

/** DuckDB in memory without a warehouse, an extension or a file, for selects over rows that are given. */
export interface DetachedEngine {
  /** Gives bronze some records. @returns their topic, in whose partition 0 their offsets begin at 0 */
  give(records: readonly string[]): Promise<string>;
  /** @param dimensions selects of the rows of silver.<name>, by the name */
  openSession(dimensions?: ReadonlyMap<string, string>): Promise<DuckDbSession>;
  close(): void;
}

export async function openDetached(): Promise<DetachedEngine> {
  const instance = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    threads: String(availableParallelism()),
  });
  const connection = await instance.connect();
  await connection.run("set global timezone = 'UTC'");
  await makeMacros(connection);
  // bronze.events of every session: a database of the name has the table.
  await connection.run("attach ':memory:' as bronze");
  await connection.run(
    `create table bronze.events
       (topic varchar, partition integer, "offset" bigint, produced_at timestamptz, value varchar)`,
  );
  let topics = 0;
  let sessions = 0;
  return {
    async give(records) {
      topics += 1;
      const topic = `given_${String(topics)}`;
      await append(connection, topic, records);
      return topic;
    },
    async openSession(dimensions) {
      sessions += 1;
      return DuckDbSession.open({
        connection: await instance.connect(),
        catalog: `session_${String(sessions)}`,
        // DuckDB itself reads what is given, by the names that PostgreSQL has for it.
        warehouse: { rows: (sql, name) => Promise.resolve(dimensions?.get(name) ?? sql) },
        rowCache: new RowCache(),
        newMembers: new NewMembers(),
      });
    },
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

async function append(
  connection: DuckDBConnection,
  topic: string,
  records: readonly string[],
): Promise<void> {
  const appender = await connection.createAppender('events', 'main', 'bronze');
  for (const [offset, record] of records.entries()) {
    appender.appendVarchar(topic);
    appender.appendInteger(0);
    appender.appendBigInt(BigInt(offset));
    appender.appendNull();
    appender.appendVarchar(record);
    appender.endRow();
  }
  appender.closeSync();
}
