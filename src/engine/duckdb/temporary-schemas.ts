import type { DuckDBConnection } from '@duckdb/node-api';
import { executed, queried } from './attached.ts';

/**
 * Begins transactions in the warehouse, whose sessions have each a schema of temporary tables that DuckDB's catalog must
 * know. DuckDB reads the catalog once, in whatever transaction first asks: a schema made since is missing. So it is read
 * anew for a schema that is not known yet, and only while no transaction is open that uses what was read.
 */
export class TemporarySchemas {
  readonly #known = new Set<string>();
  readonly #open = new Set<Promise<void>>();
  readonly #connect: () => Promise<DuckDBConnection[]>;
  /** What every transaction begins with. */
  readonly #session: string;
  /** Until the transaction that was asked for last has begun. */
  #begun: Promise<unknown> = Promise.resolve();

  /**
   * @param connect new connections to DuckDB, as many as will have transactions side by side
   * @param session a statement of PostgreSQL's that makes the session what ours are, for a transaction
   */
  constructor(connect: () => Promise<DuckDBConnection[]>, session: string) {
    this.#connect = connect;
    this.#session = session;
  }

  /**
   * Begins a transaction, and with it some statements of PostgreSQL; returns what is to be called when it has ended. They
   * begin in the order in which they are asked for: one that has begun may wait for an earlier one to end, and that must
   * not have to wait for it here.
   */
  async begin(connection: DuckDBConnection, opening: readonly string[]): Promise<() => void> {
    const begun = this.#begun.then(async () => this.#begin(connection, opening));
    this.#begun = begun.catch(() => undefined);
    return begun;
  }

  async #begin(connection: DuckDBConnection, opening: readonly string[]): Promise<() => void> {
    for (;;) {
      const schema = await this.#beginOn(connection);
      if (this.#known.has(schema)) {
        if (opening.length > 0) {
          await connection.run(executed(opening));
        }
        return this.#opened();
      }
      await connection.run('commit');
      await Promise.all(this.#open);
      await this.#learn(schema);
    }
  }

  #opened(): () => void {
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.#open.add(ended);
    return () => {
      this.#open.delete(ended);
      end();
    };
  }

  /**
   * Has DuckDB forget its catalog: the next transaction reads of `schema`, too. The sessions that will be needed side by
   * side are made before, lest one of them has to wait for the others later.
   */
  async #learn(schema: string): Promise<void> {
    const connections = await this.#connect();
    try {
      // All at once, or one session would serve them all. None is closed while another one is at work still.
      const begun = connections.map((connection) => this.#beginOn(connection));
      await Promise.allSettled(begun);
      const schemas = await Promise.all(begun);
      for (const connection of connections) {
        await connection.run('commit');
      }
      await connections[0]?.run('call pg_clear_cache()');
      for (const each of [schema, ...schemas]) {
        this.#known.add(each);
      }
    } finally {
      for (const connection of connections) {
        await connection.run('rollback').catch(() => undefined);
        connection.closeSync();
      }
    }
  }

  /** Begins a transaction; returns its session's schema, which PostgreSQL makes with its first temporary table. */
  async #beginOn(connection: DuckDBConnection): Promise<string> {
    await connection.run('begin');
    // DuckDB would have all its statements see one moment; one that waited for another transaction is to see what that did.
    await connection.run(
      executed(['set transaction isolation level read committed', this.#session]),
    );
    const ask = async (): Promise<string | undefined> => {
      const session = await connection.runAndReadAll(
        queried('select nullif(pg_my_temp_schema(), 0)::regnamespace::text as schema'),
      );
      return session.getRows()[0]?.[0]?.toString();
    };
    const known = await ask();
    if (known !== undefined) {
      return known;
    }
    await connection.run(executed(['create temporary table medallion_session ()']));
    return String(await ask());
  }
}
