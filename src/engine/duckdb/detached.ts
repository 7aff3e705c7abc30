import { availableParallelism } from 'node:os';
import type { Engine } from '../engine.ts';
import { DuckDBInstance } from './driver.ts';
import { RowCache } from './row-cache.ts';
import { DuckDbSession } from './session.ts';
import type { Warehouse } from './warehouse.ts';

/** Rows that are given as literals: there is no warehouse to ask. */
const nowhere: Warehouse = { rows: (sql) => Promise.resolve(sql) };

/** DuckDB in memory without a warehouse, an extension or a file, for selects over rows that are given. */
export async function openDetached(): Promise<Pick<Engine, 'openSession' | 'close'>> {
  const instance = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    threads: String(availableParallelism()),
  });
  const connection = await instance.connect();
  await connection.run("set global timezone = 'UTC'");
  connection.closeSync();
  let opened = 0;
  return {
    async openSession() {
      opened += 1;
      return DuckDbSession.open(
        await instance.connect(),
        `session_${String(opened)}`,
        new RowCache(),
        nowhere,
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
