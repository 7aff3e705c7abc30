import { access, chmod, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { makeFolder } from '../../folder.ts';
import { isS3 } from '../../config/s3.ts';
import { foreseen, STAGING } from '../duckdb/errors.ts';
import { openBareDuckDb, type BareDuckDb } from '../duckdb/inspect.ts';
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

/** What the group of a folder may do in it, and that what is made in it is of that group. */
const OF_THE_GROUP = 0o2070;

const FOLDERS: Store = {
  make: async (folder) => {
    await makeFolder(folder);
    // The cluster works as another user, perhaps, of the same group: it has to write here, too, whatever the umask.
    const [{ mode }, above] = await Promise.all([stat(folder), stat(path.dirname(folder))]);
    await chmod(folder, (mode & 0o7777) | (above.mode & OF_THE_GROUP));
  },
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
  readonly #duckDb: BareDuckDb;
  /** A connection runs one statement at a time. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(duckDb: BareDuckDb) {
    this.#duckDb = duckDb;
  }

  static async open(folder: string, access: FileAccess): Promise<S3Store> {
    const duckDb = await openBareDuckDb();
    try {
      await reachPlaces(duckDb.connection, [folder], access);
      return new S3Store(duckDb);
    } catch (error) {
      duckDb.close();
      throw error;
    }
  }

  close(): void {
    this.#duckDb.close();
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
      foreseen(() => this.#duckDb.connection.runAndReadAll(sql), STAGING),
    );
    this.#last = reading.catch(() => undefined);
    return (await reading).getRows().map(([value]) => String(value));
  }
}
