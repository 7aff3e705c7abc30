import path from 'node:path';
import type { WarehouseFile, WarehouseReader } from '../engine.ts';
import { doubleQuoted, fileToRead, singleQuoted } from './sql.ts';

/** What the warehouse is attached as. */
export const ATTACHED = 'warehouse';

/** A statement of DuckDB: the rows of a select that PostgreSQL runs. Unlike a scan of a table this can use an index. */
export function queried(sql: string): string {
  return `select * from postgres_query('${ATTACHED}', ${singleQuoted(sql)})`;
}

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

/** Bytes of a CSV file that DuckDB holds at a time, at least; a row has to fit in whole. */
const BUFFER_BYTES = 4_000_000;
/** Types of PostgreSQL that DuckDB takes by the same name; any other comes as text. */
const SAME_TYPE =
  /^(text|smallint|integer|bigint|boolean|date|timestamp with time zone|numeric\(\d+,\d+\))$/;

/** The rows of a file, each value as it was: an empty text is none that is null. */
export function selectOf({ path, columns, longestRow }: WarehouseFile): string {
  const wide = columns.filter(({ type }) => narrowed(type) !== undefined);
  const types = columns.map(
    ({ name, type }) =>
      `${singleQuoted(name)}: ${singleQuoted(narrowed(type) === undefined ? duckDbType(type) : 'text')}`,
  );
  const options = [
    `columns = {${types.join(', ')}}`,
    `auto_detect = false, header = false, delim = ',', quote = '"', escape = '"', new_line = '\\n'`,
    `nullstr = '', allow_quoted_nulls = false`,
    // A value may hold line ends: where the file is cut for several threads one could pass for the end of a row.
    'parallel = false',
    `max_line_size = ${String(longestRow + 1)}`,
    `buffer_size = ${String(Math.max(BUFFER_BYTES, 2 * longestRow))}`,
  ];
  const rows = `read_csv(${fileToRead(path)}, ${options.join(', ')})`;
  // Read into a wide decimal each value takes microseconds, of which few are wide.
  const values = wide.map(({ name, type }) => {
    const value = doubleQuoted(name);
    return `coalesce(cast(try_cast(${value} as ${narrowed(type) ?? ''}) as ${type}), cast(${value} as ${type})) as ${value}`;
  });
  return `select *${values.length === 0 ? '' : ` replace (${values.join(', ')})`} from ${rows}`;
}

/** The decimal of 64 bits that holds most values of a wider one; none for other types. */
export function narrowed(type: string): string | undefined {
  const [, precision, scale] = /^(?:numeric|decimal)\((\d+),(\d+)\)$/.exec(type) ?? [];
  return Number(precision) > 18 && Number(scale) < 18 ? `decimal(18,${scale ?? ''})` : undefined;
}

/** As DuckDB reads it in an attached warehouse. */
function duckDbType(type: string): string {
  return type === 'numeric' ? 'double' : SAME_TYPE.test(type) ? type : 'text';
}
