import path from 'node:path';
import type { WarehouseReader } from '../engine.ts';
import { queried } from './attached.ts';
import { selectOf } from './warehouse-file.ts';

/** The way by which a session reads the warehouse; it has none to write there. */
export interface Warehouse {
  /**
   * The rows of a select that PostgreSQL runs, as a select that DuckDB runs. They can be read until rows of the same
   * name are asked for.
   */
  rows(sql: string, name: string): Promise<string>;
}

/** Through DuckDB's own connections, which see what is committed. */
export const attachedWarehouse: Warehouse = {
  rows: (sql) => Promise.resolve(queried(sql)),
};

/**
 * Through a reader, in files.
 * @param prefix how their names begin, with their folder
 */
export function warehouseThrough(reader: WarehouseReader, prefix: string): Warehouse {
  return {
    rows: async (sql, name) =>
      selectOf(await reader.read(sql, path.resolve(`${prefix}-${name}.csv`))),
  };
}
