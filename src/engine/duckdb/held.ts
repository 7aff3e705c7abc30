import type { DuckDBConnection } from '@duckdb/node-api';
import path from 'node:path';
import { rm } from 'node:fs/promises';
import type { HeldTransaction, RowFile, WarehouseTransaction } from '../engine.ts';
import { foreseen } from './errors.ts';
import { doubleQuoted, fileToRead, inOneGo, singleQuoted } from './sql.ts';
import { temporaryTable, type Warehouse } from './warehouse.ts';

/** Bytes of a CSV file that DuckDB holds at a time, at least; a row has to fit in whole. */
const BUFFER_BYTES = 4_000_000;
/** Types of PostgreSQL that DuckDB takes by the same name; any other comes as text. */
const SAME_TYPE =
  /^(text|smallint|integer|bigint|boolean|date|timestamp with time zone|numeric\(\d+,\d+\))$/;

/**
 * Through a transaction that somebody else holds. DuckDB has no part in it, so rows pass in files: to PostgreSQL in its
 * own binary format, back as CSV.
 */
export class HeldWarehouse implements Warehouse {
  readonly #connection: DuckDBConnection;
  readonly #held: HeldTransaction;
  readonly #prefix: string;

  /** @param prefix how the names of its files begin, with their folder */
  constructor(connection: DuckDBConnection, held: HeldTransaction, prefix: string) {
    this.#connection = connection;
    this.#held = held;
    this.#prefix = prefix;
  }

  async rows(sql: string, name: string): Promise<string> {
    const file = this.#file(`${name}.csv`);
    return csvSelect(file, await this.#held.read(sql, file));
  }

  async transaction<T>(
    work: (transaction: WarehouseTransaction) => Promise<T>,
    opening: readonly string[],
  ): Promise<T> {
    const execute = async (...statements: readonly string[]): Promise<void> => {
      if (statements.length > 0) {
        await this.#held.execute(inOneGo(statements));
      }
    };
    const copy: WarehouseTransaction['copy'] = async (sql, into) => {
      const file = this.#file('rows');
      await foreseen(() =>
        this.#connection.run(`copy (${sql}) to ${singleQuoted(file)} (format postgres_binary)`),
      );
      const written = await this.#held.write(file, into);
      await rm(file);
      return written;
    };
    return this.#held.nest(async () => {
      await execute(...opening);
      return work({
        copy,
        copyTemporary: async (sql, into) => {
          await execute(temporaryTable(into));
          const names = into.columns.map(({ name }) => doubleQuoted(name));
          // The binary format leaves PostgreSQL nothing to convert.
          const values = into.columns.map(
            ({ type }, index) => `cast(${names[index] ?? ''} as ${type})`,
          );
          return copy(`select ${values.join(', ')} from (${sql}) as given (${names.join(', ')})`, {
            schema: 'pg_temp',
            table: into.name,
            columns: into.columns.map(({ name }) => name),
          });
        },
        execute,
      });
    });
  }

  /** Every transaction has ended with its work; the one that is held is somebody else's to end. */
  rollback(): Promise<void> {
    return Promise.resolve();
  }

  #file(name: string): string {
    return path.resolve(`${this.#prefix}-${name}`);
  }
}

/** The rows of a file, each value as it was: an empty text is none that is null. */
function csvSelect(file: string, { columns, longestRow }: RowFile): string {
  const types = columns.map(
    ({ name, type }) => `${singleQuoted(name)}: ${singleQuoted(duckDbType(type))}`,
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
  return `select * from read_csv(${fileToRead(file)}, ${options.join(', ')})`;
}

/** As DuckDB reads it in an attached warehouse. */
function duckDbType(type: string): string {
  return type === 'numeric' ? 'double' : SAME_TYPE.test(type) ? type : 'text';
}
