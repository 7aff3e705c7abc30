import { createReadStream, createWriteStream } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { withTransaction, type Client } from './client.ts';
import { columnList, ident } from './tables.ts';

/** Rows that were written to a file; the engine that reads it asks for these. */
interface WrittenRows {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly longestRow: number;
}

/**
 * What an engine needs of the transaction that a client is in, to reach the warehouse through it alone. Statements of
 * several lanes come one after the other, and so do the parts of it.
 */
export class ClientTransaction {
  readonly #client: Client;
  /** Ends with the part of the transaction that was begun last. */
  #nested: Promise<unknown> = Promise.resolve();

  constructor(client: Client) {
    this.#client = client;
  }

  /** Writes the rows of a select to a file, as CSV in which every value is quoted. */
  async read(sql: string, file: string): Promise<WrittenRows> {
    const columns = await this.#columnsOf(sql);
    const rows = new RowLengths();
    const copied = this.#client.query(
      copyTo(`copy (${sql}) to stdout with (format csv, force_quote *)`),
    );
    await pipeline(copied, rows, createWriteStream(file, { mode: 0o600 }));
    return { columns, longestRow: rows.longest };
  }

  /** Adds the rows of a file in PostgreSQL's binary format to a table; returns how many. */
  async write(
    file: string,
    { schema, table, columns }: { schema: string; table: string; columns: readonly string[] },
  ): Promise<number> {
    const copied = this.#client.query(
      copyFrom(
        `copy ${ident(schema)}.${ident(table)} (${columnList(columns)}) from stdin with (format binary)`,
      ),
    );
    await pipeline(createReadStream(file), copied);
    return copied.rowCount;
  }

  async execute(sql: string): Promise<void> {
    await this.#client.query(sql);
  }

  /** A part of the transaction, undone alone when `work` throws. Its temporary tables go with it, as with a commit. */
  async nest<T>(work: () => Promise<T>): Promise<T> {
    const nested = this.#nested.then(async () => this.#nest(work));
    this.#nested = nested.catch(() => undefined);
    return nested;
  }

  async #nest<T>(work: () => Promise<T>): Promise<T> {
    return withTransaction(this.#client, async () => {
      const before = await this.#temporaryTables();
      const result = await work();
      const made = (await this.#temporaryTables()).filter((name) => !before.includes(name));
      if (made.length > 0) {
        await this.#client.query(
          `drop table ${made.map((name) => `pg_temp.${ident(name)}`).join(', ')}`,
        );
      }
      return result;
    });
  }

  async #temporaryTables(): Promise<string[]> {
    const { rows } = await this.#client.query<{ name: string }>(
      `select relname as name from pg_class where relnamespace = pg_my_temp_schema() and relkind = 'r'`,
    );
    return rows.map(({ name }) => name);
  }

  async #columnsOf(sql: string): Promise<WrittenRows['columns']> {
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
