import type { Model } from '../model/model.ts';
import type { StageContext } from '../progress.ts';

/**
 * What an engine is: it turns a window of bronze, or a set of days of silver, into staged rows. What is published,
 * when, and in which transaction is decided by src/promote, once for every engine.
 */
export interface Engine {
  /** A workplace of its own: one lane prepares the next window while another publishes the last one. */
  openLane(): Promise<Lane>;
  close(): Promise<void>;
}

/** Offsets from..to (exclusive) of one partition of bronze, and how many events they hold. */
export interface BronzeRange {
  readonly topic: string;
  readonly partition: number;
  readonly from: bigint;
  readonly to: bigint;
  readonly events: number;
}

/** One event of bronze. */
export interface BronzePlace {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}

export interface SilverWindow {
  /** Stretches of bronze that silver has not seen; none where events are judged again. */
  readonly ranges: readonly BronzeRange[];
  /** Single events that are judged again: they were refused before. */
  readonly again: readonly BronzePlace[];
  readonly runId: bigint;
  /** First number of the block of surrogate keys set aside for this window. */
  readonly firstKey: bigint;
}

export interface WindowCounts {
  readonly events: number;
  readonly accepted: number;
  readonly refused: number;
}

/** Where the rows of a table that models read come from. */
export interface Input {
  /** schema.name, as models write it. */
  readonly id: string;
  /** Rows of the warehouse, as a select in its dialect. */
  readonly sql?: string;
  /** The lane's own staged rows of this model, too. */
  readonly staged?: Model;
  /** Of the rows that a lane kept under this id, some, too. */
  readonly kept?: KeptPart & { readonly columns: string };
  /** Several models read it, so the rows of the warehouse are read once and kept; else they stream through. */
  readonly keep: boolean;
}

/** Rows that a lane kept: those that meet a condition, but not those whose `by` is among what was kept under an id. */
export interface KeptPart {
  readonly where: string;
  readonly without?: { readonly id: string; readonly by: string };
}

/** A file, or a folder of files, that rows are written to. */
export interface ExportFile {
  /** schema.name of the table. */
  readonly id: string;
  /** A select in the warehouse's dialect. */
  readonly sql: string;
  /** What its rows are ordered by. */
  readonly orderBy: string;
  /** From the root on. */
  readonly path: string;
  readonly format: 'parquet' | 'csv' | 'json' | 'xlsx';
  /** Columns of which no text may be taken for a formula; for csv. */
  readonly escaped: readonly string[];
  /** The column by whose values the path is a folder of folders, each with its rows. */
  readonly partitionBy: string | undefined;
}

/** What a file holds. */
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
export interface Lane {
  /**
   * The source step: reads a window of bronze and judges it. Leaves source.run, source.events and source.items (what
   * was accepted), source.transactions (the best event of each transaction), source.refused.
   */
  readWindow(window: SilverWindow): Promise<WindowCounts>;
  /**
   * Looks up what silver knows of the window's transactions, while the window of another lane is being published;
   * returns how many of them that may change.
   */
  lookUp(meanwhile: Lane | undefined): Promise<number>;
  /**
   * Settles which event of each transaction counts, with what silver knows of it. Leaves source.verdicts, replaced,
   * adopted and settled.
   * @param again looks those up again that the other window may have changed, now that it is committed
   */
  resolve(again: boolean): Promise<void>;
  openInput(input: Input): Promise<void>;
  /** Makes the staged table of a model, empty. */
  clear(model: Model): Promise<void>;
  /** Adds the rows of a model's select to its staged table. */
  stage(model: Model): Promise<void>;
  /** Adds the rows that another lane has staged for a model; they stay there, too. */
  gather(model: Model, from: Lane): Promise<void>;
  /** Takes rows back out of the staged table of a model: those that meet the condition. */
  unstage(model: Model, condition: string): Promise<number>;
  /**
   * Puts the rows of a select over the lane's own tables by under an id, for every lane of the engine to open; also
   * while the lane is in a transaction.
   */
  keep(id: string, sql: string): Promise<void>;
  /** The rows of a select over the lane's tables. */
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
   * A transaction in the warehouse: committed when `work` resolves, rolled back when it throws. It may wait for one that
   * was asked for before it, on whatever lane.
   * @param opening statements of the warehouse that it begins with, before any that is asked for later begins
   */
  transaction<T>(
    work: (transaction: WarehouseTransaction) => Promise<T>,
    opening?: readonly string[],
  ): Promise<T>;
  close(): Promise<void>;
}

/** Where a lane keeps the staged rows of a model. */
export function stagedTable(model: Model): string {
  return `staged.${model.layer}_${model.name}`;
}

/** A transaction in the warehouse, into which rows of the lane can be copied. */
export interface WarehouseTransaction {
  /** Copies the rows of a select over the lane's tables into a table; returns how many. */
  copy(
    sql: string,
    into: { readonly schema: string; readonly table: string; readonly columns: readonly string[] },
  ): Promise<number>;
  /** The same, into a temporary table (pg_temp.<name>) made for them, which ends with the transaction. */
  copyTemporary(sql: string, into: TemporaryTable): Promise<number>;
  /** Statements in the warehouse's dialect, sent in one go. */
  execute(...statements: readonly string[]): Promise<void>;
}

/** A temporary table in the warehouse. One name always stands for the same columns. */
export interface TemporaryTable {
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

/**
 * A transaction in the warehouse that somebody else holds, and will end. An engine that is opened with one reaches the
 * warehouse through it alone: it reads what it has written before that is committed, and whether it ever is.
 */
export interface HeldTransaction {
  /** Writes the rows of a select to a file. */
  read(sql: string, file: string): Promise<RowFile>;
  /** Adds the rows of a file in PostgreSQL's binary format to a table; returns how many. */
  write(
    file: string,
    into: { readonly schema: string; readonly table: string; readonly columns: readonly string[] },
  ): Promise<number>;
  execute(sql: string): Promise<void>;
  /** A part of the transaction: undone alone when `work` throws, and its temporary tables go with it. */
  nest<T>(work: () => Promise<T>): Promise<T>;
}

/** A file of rows: CSV without a head, in which every value is quoted, so that nothing is null. */
export interface RowFile {
  /** Types as PostgreSQL spells them. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** Bytes of the longest row. */
  readonly longestRow: number;
}
