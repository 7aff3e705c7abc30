import type { DuckDBConnection } from '@duckdb/node-api';
import { MedallionError, messageOf } from '../../errors.ts';
import type { Model } from '../../model/model.ts';
import {
  stagedTable,
  type EngineRow,
  type Input,
  type Lane,
  type SilverWindow,
  type WarehouseTransaction,
  type WindowCounts,
} from '../engine.ts';
import { foreseen } from './errors.ts';
import type { KeptRows } from './kept.ts';
import { readSourceSql, sourceWindow } from './source.ts';
import { doubleQuoted, singleQuoted, warehouseQuery } from './sql.ts';

const WAREHOUSE = 'warehouse';
const WINDOW_IDS = { name: 'window_ids', columns: [{ name: 'transaction_id', type: 'text' }] };

/** A lane is a connection with an in-memory catalog of its own, so lanes use the same names side by side. */
export class DuckDbLane implements Lane {
  readonly #connection: DuckDBConnection;
  readonly #catalog: string;
  readonly #keptRows: KeptRows;
  readonly #inputs = new Map<string, 'table' | 'view'>();
  readonly #temporarySchemas = new Set<string>();

  readonly #onClose: (lane: DuckDbLane) => Promise<void>;

  private constructor(
    connection: DuckDBConnection,
    catalog: string,
    keptRows: KeptRows,
    onClose: (lane: DuckDbLane) => Promise<void>,
  ) {
    this.#connection = connection;
    this.#catalog = catalog;
    this.#keptRows = keptRows;
    this.#onClose = onClose;
  }

  static async open(
    connection: DuckDBConnection,
    catalog: string,
    keptRows: KeptRows,
    onClose: (lane: DuckDbLane) => Promise<void>,
  ): Promise<DuckDbLane> {
    const lane = new DuckDbLane(connection, catalog, keptRows, onClose);
    await lane.#run(`attach ':memory:' as ${catalog}`);
    await lane.#run(`use ${catalog}`);
    for (const schema of ['source', 'silver', 'gold', 'staged']) {
      await lane.#run(`create schema ${schema}`);
    }
    await lane.#run(readSourceSql('macros'));
    return lane;
  }

  async readWindow(window: SilverWindow): Promise<WindowCounts> {
    return foreseen(() => sourceWindow(this.#connection, this.#catalog, window));
  }

  async resolve(): Promise<void> {
    // The lookup is a transaction of its own: the one that publishes can write to the warehouse only.
    await this.transaction(async (transaction) => {
      await transaction.copyTemporary('select transaction_id from source.transactions', WINDOW_IDS);
      await this.#run(
        `create or replace temp table known as ${warehouseQuery(readSourceSql('known'))}`,
      );
    });
    await this.#run('create or replace table source.known as select * from temp.known');
    for (const relation of ['contenders', 'verdicts', 'replaced', 'adopted', 'settled']) {
      await this.#run(`create or replace table source.${relation} as ${readSourceSql(relation)}`);
    }
  }

  async openInput({ id, sql, staged, kept, keep }: Input): Promise<void> {
    const parts = [
      ...(sql === undefined ? [] : [warehouseQuery(sql)]),
      ...(kept === undefined ? [] : [this.#keptRows.select(id, kept.columns, kept)]),
      ...(staged === undefined ? [] : [`select * from ${stagedTable(staged)}`]),
    ];
    const before = this.#inputs.get(id);
    if (before !== undefined) {
      await this.#run(`drop ${before} ${id}`);
    }
    const kind = keep ? 'table' : 'view';
    await this.#run(`create ${kind} ${id} as ${parts.join(' union all by name ')}`);
    this.#inputs.set(id, kind);
  }

  async clear(model: Model): Promise<void> {
    const columns = model.columns.map(
      ({ name, type, nullable }) => `${doubleQuoted(name)} ${type}${nullable ? '' : ' not null'}`,
    );
    await this.#run(`create or replace table ${stagedTable(model)} (${columns.join(', ')})`);
  }

  async stage(model: Model): Promise<number> {
    try {
      await this.#run(`insert into ${stagedTable(model)} by name ${model.sql}`);
    } catch (error) {
      if (error instanceof MedallionError) {
        throw error;
      }
      throw new MedallionError('model', `${model.file}: ${messageOf(error)}`, {
        hint: 'The select does not fit its header, or DuckDB does not understand it. Nothing of this was published.',
        cause: error,
      });
    }
    const [row] = await this.query(`select count(*) as staged from ${stagedTable(model)}`);
    return Number(row?.['staged']);
  }

  async gather(model: Model, from: Lane): Promise<void> {
    if (!(from instanceof DuckDbLane)) {
      throw new TypeError('a lane of another engine');
    }
    const staged = stagedTable(model);
    await this.#run(`insert into ${staged} by name select * from ${from.#catalog}.${staged}`);
  }

  async keep(id: string, sql: string): Promise<void> {
    const file = this.#keptRows.nextFile();
    await this.#run(`copy (${sql}) to ${singleQuoted(file)} (format parquet)`);
    this.#keptRows.add(id, file);
  }

  async unstage(model: Model, condition: string): Promise<number> {
    const result = await this.#connection.run(
      `delete from ${stagedTable(model)} where ${condition}`,
    );
    return result.rowsChanged;
  }

  async query(sql: string): Promise<EngineRow[]> {
    const reader = await foreseen(() => this.#connection.runAndReadAll(sql));
    return reader
      .getRowObjects()
      .map((row) =>
        Object.fromEntries(
          Object.entries(row).map(([name, value]) => [name, value === null ? null : String(value)]),
        ),
      );
  }

  async transaction<T>(work: (transaction: WarehouseTransaction) => Promise<T>): Promise<T> {
    const execute = async (sql: string): Promise<void> =>
      this.#run(`call postgres_execute('${WAREHOUSE}', ${singleQuoted(sql)})`);
    const copy: WarehouseTransaction['copy'] = async (sql, { schema, table, columns }) => {
      const target = [WAREHOUSE, schema, table].map(doubleQuoted).join('.');
      const inserted = await foreseen(() =>
        this.#connection.run(
          `insert into ${target} (${columns.map(doubleQuoted).join(', ')}) ${sql}`,
        ),
      );
      return inserted.rowsChanged;
    };
    try {
      await this.#begin();
      const result = await work({
        copy,
        // Made by PostgreSQL itself: where DuckDB remembers a table of that name from an earlier transaction, its own
        // `create table as` makes the table and leaves it empty, without a word.
        copyTemporary: async (sql, { name, columns }) => {
          const definition = columns.map((column) => `${doubleQuoted(column.name)} ${column.type}`);
          await execute(
            `create temporary table ${doubleQuoted(name)} (${definition.join(', ')}) on commit drop`,
          );
          return copy(sql, {
            schema: 'pg_temp',
            table: name,
            columns: columns.map((column) => column.name),
          });
        },
        execute,
      });
      await this.#run('commit');
      return result;
    } catch (error) {
      await this.#rollback();
      throw error;
    }
  }

  /**
   * Begins a transaction on a connection whose schema of temporary tables DuckDB's catalog knows. PostgreSQL makes
   * that schema with the first temporary table of a session, which may be after the catalog was read.
   */
  async #begin(): Promise<void> {
    for (;;) {
      await this.#run('begin');
      await this.#run(
        `call postgres_execute('${WAREHOUSE}', 'create temporary table if not exists medallion_session ()')`,
      );
      const [session] = await this.query(
        warehouseQuery('select pg_my_temp_schema()::regnamespace::text as schema'),
      );
      const schema = session?.['schema'] ?? '';
      if (this.#temporarySchemas.has(schema)) {
        return;
      }
      await this.#run('commit');
      await this.#run('call pg_clear_cache()');
      this.#temporarySchemas.add(schema);
    }
  }

  /**
   * Where the warehouse is lost this fails, but leaves no transaction: DuckDB, closed with one whose connection is
   * broken, ends the process (an exception in a destructor).
   */
  async #rollback(): Promise<void> {
    await this.#run('rollback').catch(() => undefined);
  }

  async close(): Promise<void> {
    await this.#rollback();
    try {
      // Its tables go with it.
      await this.#run('use memory');
      await this.#run(`detach ${this.#catalog}`);
    } finally {
      this.#connection.closeSync();
      await this.#onClose(this);
    }
  }

  async #run(sql: string): Promise<void> {
    await foreseen(() => this.#connection.run(sql));
  }
}
