import type { Reporting } from '../config/reporting.ts';
import type { NewMember } from '../event/new-members.ts';
import type { Model } from '../model/model.ts';
import type { StageContext } from '../progress.ts';
import type { Source } from '../source/mapping.ts';

/**
 * What an engine is: it turns a batch of bronze, or a set of days of silver, into staged rows. What is published,
 * when, and in which transaction is decided by src/promote, once for every engine.
 */
export interface Engine {
  /** A workplace of its own: one session prepares the next batch while another publishes the last one. */
  openSession(): Promise<Session>;
  /** Closes its sessions and forgets what they have cached: it serves the next promotion as a new one does. */
  reset(): Promise<void>;
  /** @param hasFailed whether the work that it was opened for has */
  close(hasFailed?: boolean): Promise<void>;
}

/** Offsets from..to (exclusive) of one partition of bronze, and how many events they hold. */
export interface BronzeRange {
  readonly topic: string;
  readonly partition: number;
  readonly from: bigint;
  readonly to: bigint;
  readonly events: number;
}

export interface BronzePlace {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}

export interface SilverBatch {
  /** Stretches of bronze that silver has not seen; none where events are judged again. */
  readonly ranges: readonly BronzeRange[];
  /** Single events that are judged again: they were rejected before. */
  readonly again: readonly BronzePlace[];
  /** Files of the archive, paths or s3://.., that hold events of the ranges, or single ones; the rest are in bronze. */
  readonly archive: readonly string[];
  /** How its records are mapped to events; undefined: they are events of the contract's own shape. */
  readonly source?: Source | undefined;
  readonly reporting: Reporting;
  readonly runId: bigint;
  /** First number of the block of surrogate keys set aside for this batch. */
  readonly firstKey: bigint;
}

export interface BatchCounts {
  readonly events: number;
  readonly accepted: number;
  readonly rejected: number;
  /** Records that their source leaves out. */
  readonly skipped: number;
  /** What its events point at that their source adds to dimensions. */
  readonly added: readonly NewMember[];
}

/** Where the rows of a table that models read come from. */
export interface Input {
  /** schema.name, as models write it. */
  readonly id: string;
  /** Rows of the warehouse, as a select in its dialect. */
  readonly sql?: string;
  /** Rows of the warehouse that somebody has read into a file. */
  readonly file?: WarehouseFile;
  /** The session's own staged rows of this model, too. */
  readonly staged?: Model;
  /** What sessions have cached under this id, if anything, too. */
  readonly cached?: string;
  /** Several models read it, so the rows of the warehouse are read once and cached; else they stream through. */
  readonly keep: boolean;
}

/** A file, or a folder of files, that rows are written to. */
export interface ExportFile {
  /** schema.name of the table. */
  readonly id: string;
  /** A select in the warehouse's dialect. */
  readonly sql: string;
  readonly orderBy: string;
  /** From the root on. */
  readonly path: string;
  readonly format: 'parquet' | 'csv' | 'json' | 'xlsx';
  /** Columns of which no text may be taken for a formula; for csv. */
  readonly escaped: readonly string[];
  /** The column by whose values the path is a folder of folders, each with its rows. */
  readonly partitionBy: string | undefined;
}

export interface WrittenFile {
  readonly rows: number;
  /** Columns that are text in it, because its format does not hold all of their values exactly. */
  readonly asText: readonly string[];
}

/** Values of one row, as text. */
export type EngineRow = Readonly<Record<string, string | null>>;

/**
 * A workplace: tables in schemas named like the warehouse's. `source.*` is made by the source step, an input stands
 * under its own name, the staged rows of a model stand in `stagedTable(model)`.
 */
export interface Session {
  /**
   * The source step: reads a batch of bronze and judges it. Leaves source.run, source.events and source.items (what
   * was accepted), source.transactions (the best event of each transaction), source.rejected, source.skipped.
   */
  readBatch(batch: SilverBatch): Promise<BatchCounts>;
  /**
   * While silver is filled: takes those events out of the batch whose transactions came by in a batch before, of any
   * session of this engine. Leaves source.deferred; returns how many they are.
   */
  defer(): Promise<number>;
  /**
   * Looks up what silver knows of the batch's transactions, while the batch of another session is being published;
   * returns how many of them that may change.
   * @param silver undefined: silver cannot know any
   */
  lookUp(silver: LookUp | undefined, meanwhile: Session | undefined): Promise<number>;
  /**
   * Decides which event of each transaction counts, with what silver knows of it. Leaves source.dedup_results, replaced,
   * relinked and unchanged.
   * @param again looks those up again that the other batch may have changed, now that it is committed
   */
  resolve(again: LookUp | undefined): Promise<void>;
  openInput(input: Input): Promise<void>;
  /** Makes a view of the session's own tables under an id. */
  openView(id: string, sql: string): Promise<void>;
  /** Makes the staged table of a model, empty. */
  clear(model: Model): Promise<void>;
  /** Adds the rows of a model's select to its staged table. */
  stage(model: Model): Promise<void>;
  /** Adds the rows that another session has staged for a model; they stay there, too. */
  gather(model: Model, from: Session): Promise<void>;
  /** Takes rows back out of the staged table of a model: those that meet the condition. */
  unstage(model: Model, condition: string): Promise<number>;
  /** Caches the rows of a select over the session's own tables under an id, for every session of the engine to open. */
  cache(id: string, sql: string): Promise<void>;
  /** A name for a file that goes with the engine. */
  nextFile(ending: string): string;
  /** Writes the rows of a select over the session's tables to a file of its own; whoever takes it removes it. */
  writeRows(sql: string, columns: readonly Column[]): Promise<RowFile>;
  /** The rows of a select over the session's tables. */
  query(sql: string): Promise<EngineRow[]>;
  /**
   * Writes rows of the warehouse to files, all of one moment; tells of each that it is written.
   * @throws MedallionError usage, where a format does not hold the rows; an Error with the code of the system and the
   *   path, where a file cannot be written
   */
  writeFiles(
    files: readonly ExportFile[],
    onWritten: (file: ExportFile, written: WrittenFile) => void,
    context: StageContext,
  ): Promise<void>;
  /**
   * Writes rows of bronze to a file of the archive, whole or not at all, and reads the file again.
   * @param sql a select in the warehouse's dialect, in the order of the offsets
   * @throws MedallionError where the archive cannot be reached or refuses; an Error with the code of the system and the
   *   path, where a file cannot be written
   */
  writeArchive(sql: string, file: string): Promise<ArchivedRows>;
  /**
   * Proves that files of the archive can be read: that each is there and has its events.
   * @throws MedallionError storage, unreachable, denied
   */
  checkArchive(files: readonly RecordedFile[]): Promise<void>;
  close(): Promise<void>;
}

/** What a file of the archive holds, by which it is compared with what it was made from. */
export interface ArchivedRows {
  readonly events: bigint;
  /** Sums: of the offsets, and of the bytes of the values. */
  readonly offsets: bigint;
  readonly bytes: bigint;
  /** Bytes of the file, where they are known. */
  readonly fileBytes: number | undefined;
}

/** A file of the archive, as the metadata has it. */
export interface RecordedFile {
  readonly place: string;
  readonly events: number;
}

/** Where a session keeps the staged rows of a model. */
export function stagedTable(model: Model): string {
  return `staged.${model.layer}_${model.name}`;
}

/** A column, its type as PostgreSQL and the engines spell it. */
export interface Column {
  readonly name: string;
  readonly type: string;
}

/** A file of rows in PostgreSQL's binary format, with all that a COPY needs to know. */
export interface RowFile {
  readonly path: string;
  readonly columns: readonly Column[];
}

/** Asks silver what it knows of some transactions: takes a file of their ids, and writes the answer to another one. */
export type LookUp = (ids: RowFile, answer: string) => Promise<WarehouseFile>;

/** Reads the warehouse through a connection of somebody else's, who sees what that has not committed yet. */
export interface WarehouseReader {
  /** Writes the rows of a select to a file. */
  read(sql: string, path: string): Promise<WarehouseFile>;
}

/** Rows of the warehouse as CSV without a head, in which every value is quoted, so that nothing is null. */
export interface WarehouseFile {
  readonly path: string;
  /** Types as PostgreSQL spells them. */
  readonly columns: readonly Column[];
  /** Bytes of the longest row. */
  readonly longestRow: number;
}
