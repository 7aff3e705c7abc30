import type { DuckDBConnection } from '@duckdb/node-api';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { MedallionError, messageOf } from '../../errors.ts';
import type { NewMembers } from '../../event/new-members.ts';
import type { References } from '../../event/references.ts';
import type { Model } from '../../model/model.ts';
import type { StageContext } from '../../progress.ts';
import {
  stagedTable,
  type ArchivedRows,
  type EngineRow,
  type Input,
  type Session,
  type ExportFile,
  type Column,
  type LookUp,
  type RecordedFile,
  type RowFile,
  type SilverBatch,
  type BatchCounts,
  type WrittenFile,
} from '../engine.ts';
import { checkArchiveFiles, writeArchiveFile } from './archive.ts';
import { fileFailure, foreseen } from './errors.ts';
import { writeFiles, type FileMeans } from './files.ts';
import type { RowCache } from './row-cache.ts';
import { openReferences, sessionReferences } from './references.ts';
import {
  beginBatch,
  fetchTexts,
  judgeDoubtful,
  placeLeftOut,
  readSourceSql,
  sourceBatch,
  unreadEvents,
} from './source.ts';
import { reachPlaces } from './s3.ts';
import { doubleQuoted, singleQuoted } from './sql.ts';
import { narrowed, selectOf, type Warehouse } from './warehouse.ts';

/** The catalog that DuckDB has by itself: all sessions read it after their own. */
const SHARED_CATALOG = 'memory';

/** The transactions that batches of a fill have taken, of all sessions: four bytes each. */
export const SEEN = `${SHARED_CATALOG}.main.seen_transactions`;

/** A decimal that 64 bits do not hold. */
const TOO_WIDE = /to type DECIMAL\(18,\d+\) failed: value is out of range/;

const ID_COLUMNS: readonly Column[] = [{ name: 'transaction_id', type: 'text' }];

/** What a session is made of. */
interface SessionParts {
  readonly connection: DuckDBConnection;
  /** The name of its catalog. */
  readonly catalog: string;
  readonly warehouse: Warehouse;
  /** Those of all sessions of its engine. */
  readonly rowCache: RowCache;
  readonly newMembers: NewMembers;
  /** Undefined: it can neither read nor write files. */
  readonly files?: FileMeans;
  readonly onClosing?: (session: Session) => void;
}

/** A session is a connection with an in-memory catalog of its own, so sessions use the same names side by side. */
export class DuckDbSession implements Session {
  readonly #connection: DuckDBConnection;
  readonly #catalog: string;
  readonly #warehouse: Warehouse;
  readonly #parts: SessionParts;
  #hasReferences = false;
  #filesWritten = 0;

  private constructor(parts: SessionParts) {
    this.#connection = parts.connection;
    this.#catalog = parts.catalog;
    this.#warehouse = parts.warehouse;
    this.#parts = parts;
  }

  static async open(parts: SessionParts): Promise<DuckDbSession> {
    const { catalog } = parts;
    const session = new DuckDbSession(parts);
    await session.#run(`attach ':memory:' as ${catalog}`);
    await session.#run(`set search_path = '${catalog},${SHARED_CATALOG}'`);
    for (const schema of ['source', 'silver', 'gold', 'staged']) {
      await session.#run(`create schema ${schema}`);
    }
    return session;
  }

  /** @param reader `judge`: it is asked about every event, so that its answers can be compared with those of the others */
  async readBatch(batch: SilverBatch, reader?: 'judge'): Promise<BatchCounts> {
    return foreseen(async () => {
      await this.#openSources(batch);
      return sourceBatch(
        this.#connection,
        this.#catalog,
        this.#warehouse,
        batch,
        this.#parts.newMembers,
        reader,
      );
    });
  }

  /**
   * For an engine that reads the events of a batch elsewhere: a select of them, and what they are judged by.
   * @param archivedText as `unreadEvents` takes it
   */
  async beginBatch(
    batch: SilverBatch,
    archivedText: 'value' | 'null::varchar',
  ): Promise<{ unread: string; references: References }> {
    return foreseen(async () => {
      await this.#openSources(batch);
      await beginBatch(this.#connection, batch);
      return {
        unread: await unreadEvents(this.#warehouse, batch, archivedText),
        references: await sessionReferences(this.#connection),
      };
    });
  }

  /** For the same engine: judges the events of source.doubtful, leaves source.judged, source.rejected and source.skipped. */
  async judge(batch: SilverBatch): Promise<Pick<BatchCounts, 'rejected' | 'skipped'>> {
    return foreseen(async () => {
      await fetchTexts(this.#connection, this.#warehouse, batch);
      await judgeDoubtful(this.#connection, this.#catalog, batch.source);
      return placeLeftOut(this.#connection, batch);
    });
  }

  /** Makes places readable and writable, also those at S3. @throws MedallionError */
  async reach(places: readonly string[]): Promise<void> {
    await reachPlaces(this.#connection, places, this.#means);
  }

  /** A select, which this session runs, of the rows of one that the warehouse runs. */
  async warehouseRows(sql: string, name: string): Promise<string> {
    return this.#warehouse.rows(sql, name);
  }

  /** Runs a statement over the session's own tables. @returns the rows that it put in, took out or wrote */
  async execute(sql: string): Promise<number> {
    return this.#run(sql);
  }

  async defer(): Promise<number> {
    const deferred = await this.findDeferred();
    for (const table of ['items', 'events']) {
      await this.#run(
        `delete from source.${table} where event_no in (select event_no from source.deferred)`,
      );
    }
    await this.rememberSeen();
    return deferred;
  }

  /** Leaves source.deferred; returns how many events are in it. */
  async findDeferred(): Promise<number> {
    await this.#run(`create table if not exists ${SEEN} (hash uinteger)`);
    await this.#run(`create or replace view source.seen as select hash from ${SEEN}`);
    await this.#run(`create or replace table source.deferred as ${readSourceSql('deferred')}`);
    const [row] = await this.query('select count(*) as events from source.deferred');
    return Number(row?.['events']);
  }

  /** Remembers the transactions of source.events, for the batches after this one. */
  async rememberSeen(): Promise<void> {
    await this.#run(
      `insert into ${SEEN} select distinct short_hash(transaction_id) from source.events`,
    );
  }

  async lookUp(silver: LookUp | undefined, meanwhile: Session | undefined): Promise<number> {
    if (silver === undefined) {
      await this.#run(`create or replace table source.known as ${readSourceSql('unknown')}`);
      return 0;
    }
    // What is published from here on is shared; what was published before is seen by the look-up, which comes second.
    await this.#run('create or replace table source.shared (transaction_id varchar)');
    const shared =
      meanwhile === undefined
        ? 0
        : await this.#run(
            `insert into source.shared select transaction_id from source.transactions
             where transaction_id in (select transaction_id from ${sessionOf(meanwhile).#catalog}.source.events)`,
          );
    await this.#lookUp(silver, 'transactions');
    await this.#run('create or replace table source.known as select * from temp.known');
    return shared;
  }

  async resolve(again: LookUp | undefined): Promise<void> {
    if (again !== undefined) {
      await this.#lookUp(again, 'shared');
      await this.#run(
        'delete from source.known where transaction_id in (select transaction_id from source.shared)',
      );
      await this.#run('insert into source.known select * from temp.known');
    }
    for (const relation of ['candidates', 'dedup_results', 'replaced', 'relinked', 'unchanged']) {
      await this.#run(`create or replace table source.${relation} as ${readSourceSql(relation)}`);
    }
  }

  async #openSources({ archive }: SilverBatch): Promise<void> {
    if (!this.#hasReferences) {
      await openReferences(this.#connection, this.#warehouse);
      this.#hasReferences = true;
    }
    if (archive.length > 0) {
      await this.reach(archive);
    }
  }

  /** Leaves in temp.known what silver knows now of the transactions in a table of the source step. */
  async #lookUp(silver: LookUp, table: 'transactions' | 'shared'): Promise<void> {
    const ids = await this.writeRows(`select transaction_id from source.${table}`, ID_COLUMNS);
    const known = await silver(ids, this.nextFile('csv'));
    await this.#run(`create or replace temp table known as ${selectOf(known)}`);
    await rm(known.path);
  }

  async openInput({ id, sql, file, staged, cached, keep }: Input): Promise<void> {
    let read = sql === undefined ? undefined : await this.#warehouse.rows(sql, id);
    read ??= file === undefined ? undefined : selectOf(file);
    if (keep && read !== undefined) {
      const table = `source.${doubleQuoted(id)}`;
      await this.#run(`create or replace table ${table} as ${read}`);
      read = `select * from ${table}`;
    }
    const parts = [
      ...(read === undefined ? [] : [read]),
      ...(cached === undefined ? [] : this.#parts.rowCache.select(cached)),
      ...(staged === undefined ? [] : [`select * from ${stagedTable(staged)}`]),
    ];
    await this.openView(id, parts.join(' union all by name '));
  }

  async openView(id: string, sql: string): Promise<void> {
    await this.#run(`create or replace view ${id} as ${sql}`);
  }

  async clear(model: Model): Promise<void> {
    const columns = model.columns.map(
      ({ name, type, nullable }) => `${doubleQuoted(name)} ${type}${nullable ? '' : ' not null'}`,
    );
    await this.#run(`create or replace table ${stagedTable(model)} (${columns.join(', ')})`);
  }

  async stage(model: Model): Promise<void> {
    try {
      await this.#run(`insert into ${stagedTable(model)} by name ${model.sql}`);
    } catch (error) {
      if (error instanceof MedallionError) {
        throw error;
      }
      throw new MedallionError('model', `${model.file}: ${messageOf(error)}`, {
        hint: 'The select does not match its header, or DuckDB does not understand it. None of this was published.',
        cause: error,
      });
    }
  }

  async gather(model: Model, from: Session): Promise<void> {
    const staged = stagedTable(model);
    await this.#run(
      `insert into ${staged} by name select * from ${sessionOf(from).#catalog}.${staged}`,
    );
  }

  async cache(id: string, sql: string): Promise<void> {
    const file = this.nextFile('parquet');
    await this.#run(`copy (${sql}) to ${singleQuoted(file)} (format parquet)`);
    this.#parts.rowCache.add(id, file);
  }

  async writeFiles(
    files: readonly ExportFile[],
    onWritten: (file: ExportFile, written: WrittenFile) => void,
    context: StageContext,
  ): Promise<void> {
    try {
      await writeFiles(
        { ...this.#means, connection: this.#connection, warehouse: this.#warehouse },
        files,
        onWritten,
        context,
      );
    } catch (error) {
      throw fileFailure(error) ?? error;
    }
  }

  async writeArchive(sql: string, file: string): Promise<ArchivedRows> {
    const rows = await this.#warehouse.rows(sql, 'archive');
    return writeArchiveFile(this.#connection, rows, file, this.#means);
  }

  async checkArchive(files: readonly RecordedFile[]): Promise<void> {
    await checkArchiveFiles(this.#connection, files, this.#means);
  }

  async unstage(model: Model, condition: string): Promise<number> {
    return this.#run(`delete from ${stagedTable(model)} where ${condition}`);
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

  async writeRows(sql: string, columns: readonly Column[]): Promise<RowFile> {
    const file = this.nextFile('rows');
    const names = columns.map(({ name }) => doubleQuoted(name));
    // The binary format leaves PostgreSQL nothing to convert. It says nothing of a decimal's precision.
    const write = async (typeOf: (type: string) => string): Promise<unknown> => {
      const values = columns.map(({ type }, at) => `cast(${names[at] ?? ''} as ${typeOf(type)})`);
      return this.#run(
        `copy (select ${values.join(', ')} from (${sql}) as given (${names.join(', ')}))
         to ${singleQuoted(file)} (format postgres_binary)`,
      );
    };
    const isNarrow = await write((type) => narrowed(type) ?? type).then(
      () => true,
      (error: unknown) => {
        if (!TOO_WIDE.test(messageOf(error))) {
          throw error;
        }
        return false;
      },
    );
    if (!isNarrow) {
      await write((type) => type);
    }
    return { path: file, columns };
  }

  async close(): Promise<void> {
    this.#parts.onClosing?.(this);
    try {
      // Its tables go with it.
      await this.#run(`use ${SHARED_CATALOG}`);
      await this.#run(`detach ${this.#catalog}`);
    } finally {
      this.#connection.closeSync();
    }
  }

  nextFile(ending: string): string {
    this.#filesWritten += 1;
    return path.join(
      this.#means.spillDirectory,
      `${this.#catalog}-${String(this.#filesWritten)}.${ending}`,
    );
  }

  get #means(): FileMeans {
    const { files } = this.#parts;
    if (files === undefined) {
      throw new Error('this session has no files');
    }
    return files;
  }

  /** @returns the rows that it put in or took out */
  async #run(sql: string): Promise<number> {
    return (await foreseen(() => this.#connection.run(sql))).rowsChanged;
  }
}

function sessionOf(session: Session): DuckDbSession {
  if (!(session instanceof DuckDbSession)) {
    throw new TypeError('a session of another engine');
  }
  return session;
}
