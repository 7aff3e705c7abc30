import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import type { DuckDbConfig } from '../../config.ts';
import type { StageContext } from '../../progress.ts';
import type { Beside } from '../../source/erase.ts';
import { statement } from '../../sql-file.ts';
import type { ArchivedRows } from '../engine.ts';
import { archiveTable, writeArchiveFile } from './archive.ts';
import { DuckDBBlobValue } from './driver.ts';
import { ARCHIVE, foreseen } from './errors.ts';
import { withDuckDb } from './inspect.ts';
import { reachPlaces, type FileAccess } from './s3.ts';
import { singleQuoted } from './sql.ts';

/** Another text for an event of a file. */
export interface ArchiveChange {
  readonly offset: bigint;
  readonly value: string;
}

/** An event of a file as it is. */
type ArchivedEvent = ArchiveChange & Beside;

/** Reads files of the archive, and writes them again with other texts. */
export class ArchiveRewriter {
  readonly #connection: DuckDBConnection;
  readonly #access: FileAccess;

  constructor(connection: DuckDBConnection, access: FileAccess) {
    this.#connection = connection;
    this.#access = access;
  }

  /**
   * Events of a file that hold a text, their keys and headers included, or a backslash, behind which it may be escaped, and those at some offsets.
   * @throws MedallionError storage, unreachable, denied
   */
  async *eventsWith(
    text: string,
    offsets: readonly bigint[],
    file: string,
  ): AsyncGenerator<ArchivedEvent, undefined> {
    const result = await foreseen(async () => {
      await reachPlaces(this.#connection, [file], this.#access);
      return this.#connection.stream(
        statement('archive/events_with', {
          archive: archiveTable([file]),
          text: singleQuoted(text),
          offsets: offsets.length === 0 ? 'null' : offsets.join(),
        }),
      );
    }, ARCHIVE);
    for (;;) {
      const chunk = await foreseen(() => result.fetchChunk(), ARCHIVE);
      if (chunk === null || chunk.rowCount === 0) {
        return undefined;
      }
      for (const [offset, value, key, keyBytes, headers] of chunk.getRows()) {
        yield {
          offset: BigInt(String(offset)),
          value: Buffer.from(bytesOf(value) ?? []).toString('utf8'),
          ...{ key: textOf(key), keyBytes: bytesOf(keyBytes), headers: textOf(headers) },
        };
      }
    }
  }

  /**
   * Writes a file again under another name, with other texts for some of its events, and no key and headers for these.
   * @throws MedallionError storage, unreachable, denied; an Error with the code of the system and the path
   */
  async rewrite(
    file: string,
    changes: readonly ArchiveChange[],
    to: string,
  ): Promise<ArchivedRows> {
    const connection = this.#connection;
    await connection.run('create or replace temp table changes ("offset" bigint, value varchar)');
    const appender = await connection.createAppender('changes', 'main', 'temp');
    for (const { offset, value } of changes) {
      appender.appendBigInt(offset);
      appender.appendVarchar(value);
      appender.endRow();
    }
    appender.closeSync();
    await reachPlaces(connection, [file], this.#access);
    return writeArchiveFile(
      connection,
      statement('archive/rewritten', { archive: archiveTable([file]) }),
      to,
      this.#access,
    );
  }
}

function bytesOf(value: DuckDBValue | undefined): Uint8Array | null {
  return value instanceof DuckDBBlobValue ? value.bytes : null;
}

function textOf(value: DuckDBValue | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

export async function withArchiveRewriter<T>(
  duckdb: DuckDbConfig,
  context: StageContext,
  work: (rewriter: ArchiveRewriter) => Promise<T>,
): Promise<T> {
  return withDuckDb(async (connection) => {
    await connection.run("set timezone = 'UTC'");
    return work(new ArchiveRewriter(connection, { duckdb, context }));
  });
}
