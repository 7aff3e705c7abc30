import type { DuckDBConnection } from '@duckdb/node-api';
import { access, readdir, rm, stat } from 'node:fs/promises';
import { makeFolder } from '../../folder.ts';
import { isS3 } from '../../s3.ts';
import { foreseen, STAGING } from '../duckdb/errors.ts';
import { openBareDuckDb } from '../duckdb/inspect.ts';
import { reachPlaces, type FileAccess } from '../duckdb/s3.ts';
import { singleQuoted } from '../duckdb/sql.ts';

/** Folders and files of a staging folder, as this machine reaches them. */
export interface Store {
  make(folder: string): Promise<void>;
  /** What lies in a folder; nothing, where it is not there. */
  names(folder: string): Promise<string[]>;
  /** When something was written in a folder last. */
  lastWritten(folder: string): Promise<Date>;
  isThere(file: string): Promise<boolean>;
  /** Removes a folder as far as it can: a statement of a session that has ended may still write into it. */
  remove(folder: string): Promise<void>;
  close(): void;
}

/** @throws MedallionError as `reachPlaces` does */
export async function openStore(folder: string, access: FileAccess): Promise<Store> {
  return isS3(folder) ? S3Store.open(folder, access) : FOLDERS;
}

const FOLDERS: Store = {
  make: makeFolder,
  names: (folder) => readdir(folder).catch(() => []),
  lastWritten: async (folder) => (await stat(folder)).mtime,
  isThere: (file) =>
    access(file).then(
      () => true,
      () => false,
    ),
  remove: (folder) =>
    rm(folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined),
  close: () => undefined,
};

/** S3 has no folders: names that begin alike are in one. A DuckDB lists and removes them. */
class S3Store implements Store {
  readonly #connection: DuckDBConnection;
  readonly close: () => void;
  /** A connection runs one statement at a time. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(connection: DuckDBConnection, close: () => void) {
    this.#connection = connection;
    this.close = close;
  }

  static async open(folder: string, access: FileAccess): Promise<S3Store> {
    const { connection, close } = await openBareDuckDb();
    try {
      await reachPlaces(connection, [folder], access);
      return new S3Store(connection, close);
    } catch (error) {
      close();
      throw error;
    }
  }

  async make(): Promise<void> {
    // A file makes its folder.
  }

  async names(folder: string): Promise<string[]> {
    const files = await this.#column(`select file from glob(${singleQuoted(`${folder}/**`)})`);
    return [...new Set(files.map((file) => file.slice(folder.length + 1).split('/')[0] ?? ''))];
  }

  async lastWritten(folder: string): Promise<Date> {
    const [at = ''] = await this.#column(
      `select epoch_ms(max(last_modified)) from read_blob(${singleQuoted(`${folder}/**`)})`,
    );
    return new Date(Number(at));
  }

  async isThere(file: string): Promise<boolean> {
    return (await this.#column(`select file from glob(${singleQuoted(file)})`)).length > 0;
  }

  async remove(folder: string): Promise<void> {
    // It takes the place of what was there, and has no file.
    await this.#column(
      `copy (select 1 as value, 1 as part limit 0) to ${singleQuoted(folder)}
       (format parquet, partition_by (part), overwrite true)`,
    ).catch(() => undefined);
  }

  async #column(sql: string): Promise<string[]> {
    const reading = this.#last.then(() =>
      foreseen(() => this.#connection.runAndReadAll(sql), STAGING),
    );
    this.#last = reading.catch(() => undefined);
    return (await reading).getRows().map(([value]) => String(value));
  }
}
