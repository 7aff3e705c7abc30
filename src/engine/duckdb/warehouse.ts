import type { DuckDBConnection } from '@duckdb/node-api';
import type { TemporaryTable, WarehouseTransaction } from '../engine.ts';
import { ATTACHED, executed, queried } from './attached.ts';
import { foreseen } from './errors.ts';
import { doubleQuoted } from './sql.ts';
import type { TemporarySchemas } from './temporary-schemas.ts';

/** The way that a lane has to the warehouse. */
export interface Warehouse {
  /**
   * The rows of a select that PostgreSQL runs, as a select that DuckDB runs. They can be read until rows of the same
   * name are asked for.
   */
  rows(sql: string, name: string): Promise<string>;
  /** A transaction, as `Lane.transaction` says. */
  transaction<T>(
    work: (transaction: WarehouseTransaction) => Promise<T>,
    opening: readonly string[],
  ): Promise<T>;
  /** Ends what was begun and has not ended. */
  rollback(): Promise<void>;
}

/** PostgreSQL's statement that makes a temporary table. */
export function temporaryTable({ name, columns }: TemporaryTable): string {
  const definition = columns.map((column) => `${doubleQuoted(column.name)} ${column.type}`);
  return `create temporary table ${doubleQuoted(name)} (${definition.join(', ')}) on commit drop`;
}

/** Through DuckDB's own connections: one for each transaction of a lane. */
export class AttachedWarehouse implements Warehouse {
  readonly #connection: DuckDBConnection;
  readonly #schemas: TemporarySchemas;

  /** @param schemas shared by all that reach the attached warehouse */
  constructor(connection: DuckDBConnection, schemas: TemporarySchemas) {
    this.#connection = connection;
    this.#schemas = schemas;
  }

  rows(sql: string): Promise<string> {
    return Promise.resolve(queried(sql));
  }

  async transaction<T>(
    work: (transaction: WarehouseTransaction) => Promise<T>,
    opening: readonly string[],
  ): Promise<T> {
    const execute = async (...statements: readonly string[]): Promise<void> => {
      if (statements.length > 0) {
        await this.#run(executed(statements));
      }
    };
    const copy: WarehouseTransaction['copy'] = async (sql, { schema, table, columns }) => {
      const target = [ATTACHED, schema, table].map(doubleQuoted).join('.');
      const inserted = await foreseen(() =>
        this.#connection.run(
          `insert into ${target} (${columns.map(doubleQuoted).join(', ')}) ${sql}`,
        ),
      );
      return inserted.rowsChanged;
    };
    let end = (): void => undefined;
    try {
      end = await foreseen(() => this.#schemas.begin(this.#connection, opening));
      const result = await work({
        copy,
        // Made by PostgreSQL itself: where DuckDB remembers a table of that name from an earlier transaction, its own
        // `create table as` makes the table and leaves it empty, without a word.
        copyTemporary: async (sql, into) => {
          await execute(temporaryTable(into));
          return copy(sql, {
            schema: 'pg_temp',
            table: into.name,
            columns: into.columns.map((column) => column.name),
          });
        },
        execute,
      });
      await this.#run('commit');
      return result;
    } catch (error) {
      await this.rollback();
      throw error;
    } finally {
      end();
    }
  }

  /**
   * Where the warehouse is lost this fails, but leaves no transaction: DuckDB, closed with one whose connection is
   * broken, ends the process (an exception in a destructor).
   */
  async rollback(): Promise<void> {
    await this.#run('rollback').catch(() => undefined);
  }

  async #run(sql: string): Promise<void> {
    await foreseen(() => this.#connection.run(sql));
  }
}
