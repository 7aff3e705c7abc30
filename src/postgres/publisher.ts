import { createReadStream, createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { QueryResultRow } from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { connect, type Client } from './client.ts';
import { inTurn, isInTransaction, withTransaction } from './transaction.ts';
import type { ConnectionSettings } from '../config/server.ts';
import { columnList, ident } from './quote.ts';

/** A column, its type as PostgreSQL spells it. */
interface Column {
  readonly name: string;
  readonly type: string;
}

/** Rows in a file: in PostgreSQL's binary format on their way in, as CSV in which every value is quoted on their way out. */
interface RowFile {
  readonly path: string;
  readonly columns: readonly Column[];
}

/** A temporary table that ends with the transaction it was made in. */
export interface TemporaryTable {
  readonly name: string;
  readonly columns: readonly Column[];
}

/**
 * A connection by which the rows of an engine are published. Transactions that are asked for while another one is open
 * come after it, in order. Where the client is in a transaction already, as that of a dry run is, each is a part of it,
 * undone alone when it fails.
 */
export class Publisher {
  readonly #client: Client;
  /** Ends with the transaction that was asked for last. */
  #last: Promise<unknown> = Promise.resolve();

  readonly #end: () => Promise<void>;

  /** @param end what closing it is to do; the client of somebody else stays open */
  constructor(client: Client, end: () => Promise<void> = () => Promise.resolve()) {
    this.#client = client;
    this.#end = end;
  }

  static async open(settings: ConnectionSettings): Promise<Publisher> {
    const client = await connect(settings);
    return new Publisher(client, () => client.end().catch(() => undefined));
  }

  async close(): Promise<void> {
    await this.#end();
  }

  /** Commits what `work` did when it resolves, and takes it back when it throws. */
  async transaction<T>(work: (transaction: Publication) => Promise<T>): Promise<T> {
    const ended = this.#last.then(() => this.#transaction(work));
    this.#last = ended.catch(() => undefined);
    return ended;
  }

  /** Writes the rows of a select to a file, in a transaction or outside of any. */
  async read(sql: string, path: string): Promise<RowFile & { readonly longestRow: number }> {
    return inTurn(this.#client, async () => {
      const columns = await this.#columnsOf(sql);
      const lengths = new RowLengths();
      const copied = this.#client.query(
        copyTo(`copy (${sql}) to stdout with (format csv, force_quote *)`),
      );
      await pipeline(copied, lengths, createWriteStream(path, { mode: 0o600 }));
      return { path, columns, longestRow: lengths.longest };
    });
  }

  async #transaction<T>(work: (transaction: Publication) => Promise<T>): Promise<T> {
    const isPart = isInTransaction(this.#client);
    return withTransaction(this.#client, async () => {
      const publication = new Publication(this.#client, this);
      const result = await work(publication);
      if (isPart) {
        await publication.dropTemporary();
      }
      return result;
    });
  }

  async #columnsOf(sql: string): Promise<Column[]> {
    const { fields } = await this.#client.query(`select * from (${sql}\n) as rows limit 0`);
    const { rows } = await this.#client.query<{ type: string }>(
      `select format_type(type, modifier) as type
       from unnest($1::oid[], $2::integer[]) with ordinality as fields (type, modifier, place) order by place`,
      [
        fields.map(({ dataTypeID }) => dataTypeID),
        fields.map(({ dataTypeModifier }) => dataTypeModifier),
      ],
    );
    return fields.map(({ name }, index) => ({ name, type: rows[index]?.type ?? 'text' }));
  }
}

export class Publication {
  readonly #client: Client;
  readonly #publisher: Publisher;
  readonly #temporary: string[] = [];

  constructor(client: Client, publisher: Publisher) {
    this.#client = client;
    this.#publisher = publisher;
  }

  /** Runs statements, sent in one go. */
  async execute(...statements: readonly string[]): Promise<void> {
    if (statements.length > 0) {
      await inTurn(this.#client, () => this.#client.query(statements.join('\n;\n')));
    }
  }

  /** Runs one statement; returns the rows that it wrote. */
  async write(sql: string): Promise<number> {
    const { rowCount } = await inTurn(this.#client, () => this.#client.query(sql));
    return rowCount ?? 0;
  }

  async query<Row extends QueryResultRow>(
    sql: string,
    values?: readonly unknown[],
  ): Promise<Row[]> {
    const { rows } = await inTurn(this.#client, () =>
      this.#client.query<Row>(sql, [...(values ?? [])]),
    );
    return rows;
  }

  /** Writes the rows of a select to a file, of what this transaction sees. */
  async read(...[sql, path]: Parameters<Publisher['read']>): ReturnType<Publisher['read']> {
    return this.#publisher.read(sql, path);
  }

  /** Lets somebody else work on the connection, as a part of this transaction. */
  async lend<T>(work: (client: Client) => Promise<T>): Promise<T> {
    return work(this.#client);
  }

  /** Adds the rows of a file to a table (schema.name, quoted) and removes the file; returns how many. */
  async copy({ path, columns }: RowFile, table: string): Promise<number> {
    const names = columnList(columns.map(({ name }) => name));
    const rows = await inTurn(this.#client, async () => {
      const copied = this.#client.query(
        copyFrom(`copy ${table} (${names}) from stdin with (format binary)`),
      );
      await pipeline(createReadStream(path, { highWaterMark: BLOCK_BYTES }), copied);
      return copied.rowCount;
    });
    await rm(path);
    return rows;
  }

  /** The same, into a temporary table that is made for them. */
  async copyTemporary(file: RowFile, name: string): Promise<number> {
    await this.makeTemporary({ name, columns: file.columns });
    return this.copy(file, temporary(name));
  }

  async makeTemporary({ name, columns }: TemporaryTable): Promise<void> {
    const definition = columns.map((column) => `${ident(column.name)} ${column.type}`);
    await this.execute(
      `create temporary table ${ident(name)} (${definition.join(', ')}) on commit drop`,
    );
    this.#temporary.push(name);
  }

  /** Makes a temporary table of the rows of a select. */
  async keepTemporary(name: string, sql: string): Promise<void> {
    await this.execute(
      `create temporary table ${ident(name)} on commit drop as ${sql}`,
      `analyze ${temporary(name)}`,
    );
    this.#temporary.push(name);
  }

  /** Ends the temporary tables, where no commit does. */
  async dropTemporary(): Promise<void> {
    await this.execute(...this.#temporary.map((name) => `drop table ${temporary(name)}`));
  }
}

export function temporary(name: string): string {
  return `pg_temp.${ident(name)}`;
}

/** Read of a file at a time: the server takes it in while the next is read. */
const BLOCK_BYTES = 256 * 1024;
const QUOTE = 0x22;
const LINE_END = 0x0a;

/** Lets CSV pass and measures its rows; a line end within quotes ends none. */
class RowLengths extends Transform {
  longest = 0;
  #length = 0;
  #isQuoted = false;

  override _transform(
    chunk: Buffer,
    _encoding: string,
    done: (error: null, chunk: Buffer) => void,
  ): void {
    for (let at = 0; at < chunk.length; at += 1) {
      this.#length += 1;
      const byte = chunk[at];
      if (byte === QUOTE) {
        this.#isQuoted = !this.#isQuoted;
      } else if (byte === LINE_END && !this.#isQuoted) {
        this.longest = Math.max(this.longest, this.#length);
        this.#length = 0;
      }
    }
    done(null, chunk);
  }
}
