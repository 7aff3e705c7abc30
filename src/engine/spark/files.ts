import path from 'node:path';
import { doubleQuoted, fileToRead, singleQuoted } from '../duckdb/sql.ts';
import type { Column } from '../engine.ts';
import type { ConnectSession } from './connect.ts';
import { stagingError } from './errors.ts';
import { literal, quoted, viewOf } from './spell.ts';
import type { Staging, StagingFolder } from './staging.ts';

/** Rows in files of Parquet that both sides see. */
export interface StagedFiles {
  readonly folder: StagingFolder;
  /** The files, as this machine names them. */
  readonly files: readonly string[];
  /** What the cluster reads: one file, or all of a folder. */
  readonly far: string;
}

/** A DuckDB of this machine. */
interface Near {
  readonly execute: (sql: string) => Promise<unknown>;
}

/** Writes Parquet on one side for the other to read. */
export class FileExchange {
  readonly #near: Near;
  readonly #session: ConnectSession;
  readonly #staging: Staging;

  constructor(near: Near, session: ConnectSession, staging: Staging) {
    this.#near = near;
    this.#session = session;
    this.#staging = staging;
  }

  /** Makes a view of the cluster that stands for a table of a model's SQL. */
  async view(id: string, select: string): Promise<void> {
    try {
      await this.#session.view(viewOf(id), select);
    } catch (error) {
      throw stagingError(error);
    }
  }

  /** Writes the rows of a select of the session here. */
  async give(name: string, select: string): Promise<StagedFiles> {
    const folder = this.#staging.next(name);
    await this.#staging.make(folder);
    const file = `${folder.near}/rows.parquet`;
    await this.#near.execute(
      `copy (${select}) to ${singleQuoted(file)} (format parquet, compression zstd)`,
    );
    return { folder, files: [file], far: `${folder.far}/rows.parquet` };
  }

  /**
   * Writes the rows of a select of the cluster. Which files these are the cluster says: a folder is never taken for whole
   * because of what can be seen in it.
   * @param columns those of the select
   */
  async take(name: string, select: string, columns: readonly Column[]): Promise<StagedFiles> {
    const folder = this.#staging.next(name);
    let names: string[];
    try {
      await this.#session.run(
        `insert overwrite directory ${literal(folder.far)} using parquet\n${select}`,
      );
      names = await this.#session.filesOf(`select * from parquet.${quoted(folder.far)}`);
    } catch (error) {
      throw stagingError(error);
    }
    const files = names.map((each) => `${folder.near}/${path.posix.basename(each)}`).sort();
    for (const file of files) {
      await this.#staging.waitFor(file);
    }
    if (files.length === 0) {
      // Of no row Sail makes no file: this one has the columns.
      await this.#staging.make(folder);
      const none = `${folder.near}/none.parquet`;
      await this.#near.execute(
        `copy (${noRows(columns)}) to ${singleQuoted(none)} (format parquet)`,
      );
      files.push(none);
    }
    return { folder, files, far: folder.far };
  }

  async remove({ folder }: StagedFiles): Promise<void> {
    await this.#staging.remove(folder);
  }
}

/** A select of some files for the session here. */
export function nearSelect(files: readonly string[]): string {
  return `select * from read_parquet([${files.map(fileToRead).join(', ')}])`;
}

/** The same for the cluster. */
export function farSelect({ far }: StagedFiles, columns = '*'): string {
  return `select ${columns} from parquet.${quoted(far)}`;
}

/** A select of the session here that has these columns and no row. */
export function noRows(columns: readonly Column[]): string {
  const nulls = columns.map(({ name, type }) => `cast(null as ${type}) as ${doubleQuoted(name)}`);
  return `select ${nulls.join(', ')} where false`;
}
