import { firstLine, MedallionError } from '../../errors.ts';
import type { Model } from '../../model/model.ts';
import type { DuckDbSession } from '../duckdb/session.ts';
import { selectOf } from '../duckdb/warehouse.ts';
import {
  stagedTable,
  type Column,
  type Input,
  type Session,
  type LookUp,
  type SilverBatch,
  type BatchCounts,
} from '../engine.ts';
import { StatementError, type ConnectSession } from './connect.ts';
import { farSelect, FileExchange, nearSelect, noRows, type StagedFiles } from './files.ts';
import { SourceStep } from './source.ts';
import { literal, quoted, spelled, tablesIn, typeOf } from './spell.ts';
import type { Staging } from './staging.ts';

/** What of the source step lies here alone: models that read it are computed here. It is small, whatever the batch. */
const NEAR = [
  'source.dedup_results',
  'source.candidates',
  'source.replaced',
  'source.relinked',
  'source.unchanged',
];

/** The rows that a model has staged on the cluster. */
interface StagedRows {
  /** What this session has written; it removes them. */
  readonly own: StagedFiles[];
  /** Those, and what was gathered from others. */
  readonly all: StagedFiles[];
  /** Which rows were taken back out. */
  readonly removed: string[];
}

/** A view on the cluster, and the views it is made of. */
interface LateView {
  readonly sources: readonly string[];
  readonly select: () => string;
}

/**
 * A session of Spark: one on the cluster, and one of DuckDB here that sees the files which pass between them. The cluster
 * reads events, runs the selects of models, and writes Parquet; what is looked up, resolved, checked and written for
 * PostgreSQL is the work of the session here, with the same code as without a cluster.
 */
export class SparkSession implements Session {
  readonly #near: DuckDbSession;
  readonly #cluster: ConnectSession;
  readonly #exchange: FileExchange;
  readonly #onClosing: (session: SparkSession) => void;
  readonly #source: SourceStep;
  readonly #staged = new Map<string, StagedRows>();
  /** Views on the cluster that are made when a statement reads them first. */
  readonly #views = new Map<string, LateView>();
  readonly #opened = new Set<string>();
  /** Rows of the warehouse by the input they belong to, until others take their place. */
  readonly #inputs = new Map<string, StagedFiles>();

  constructor(
    near: DuckDbSession,
    cluster: ConnectSession,
    staging: Staging,
    onClosing: (session: SparkSession) => void,
  ) {
    this.#near = near;
    this.#cluster = cluster;
    this.#exchange = new FileExchange(near, cluster, staging);
    this.#onClosing = onClosing;
    this.#source = new SourceStep(near, this.#exchange);
  }

  async readBatch(batch: SilverBatch): Promise<BatchCounts> {
    this.#opened.clear();
    return this.#source.read(batch);
  }

  async defer(): Promise<number> {
    this.#opened.clear();
    return this.#source.defer();
  }

  async lookUp(silver: LookUp | undefined, meanwhile: Session | undefined): Promise<number> {
    return this.#near.lookUp(
      silver,
      meanwhile === undefined ? undefined : sessionOf(meanwhile).#near,
    );
  }

  async resolve(again: LookUp | undefined): Promise<void> {
    await this.#near.resolve(again);
  }

  async openInput(input: Input): Promise<void> {
    const { id, staged, cached } = input;
    if (cached !== undefined) {
      // What sessions put by for each other lies on this side, and so does who reads it.
      await this.#near.openInput(input);
      return;
    }
    const rows = await this.#readInput(input);
    const near = [
      ...(rows === undefined ? [] : [nearSelect(rows.files)]),
      ...(staged === undefined ? [] : [`select * from ${stagedTable(staged)}`]),
    ];
    await this.#near.openView(id, near.join(' union all by name '));
    this.#showLater(id, [], () =>
      [
        ...(rows === undefined ? [] : [farSelect(rows, staged && columnsOf(staged))]),
        ...(staged === undefined ? [] : this.#stagedSelects(staged)),
      ].join(' union all '),
    );
  }

  async openView(id: string, sql: string): Promise<void> {
    await this.#near.openView(id, sql);
    this.#showLater(id, tablesIn(sql), () => spelled(sql));
  }

  async clear(model: Model): Promise<void> {
    if (isNear(model)) {
      await this.#near.clear(model);
      return;
    }
    for (const files of this.#staged.get(model.id)?.own ?? []) {
      await this.#exchange.remove(files);
    }
    this.#staged.set(model.id, { own: [], all: [], removed: [] });
    await this.#showStaged(model);
  }

  async stage(model: Model): Promise<void> {
    if (isNear(model)) {
      await this.#near.stage(model);
      return;
    }
    const { own, all } = this.#stagedOf(model);
    try {
      await this.#showAll(model.sources);
      const select = spelled(model.sql);
      await this.#refuseOtherColumns(model, select);
      const values = model.columns.map((column) => `${valueOf(column)} as ${quoted(column.name)}`);
      const files = await this.#exchange.take(
        stagedTable(model),
        `select ${values.join(', ')} from (\n${select}\n) as staged`,
        model.columns,
      );
      own.push(files);
      all.push(files);
    } catch (error) {
      if (!(error instanceof StatementError)) {
        throw error;
      }
      throw new MedallionError('model', `${model.file}: ${firstLine(error.message)}`, {
        hint: 'The select does not match its header, or Spark does not understand it. None of this was published. To see why: medallion models check --engine spark',
        cause: error,
      });
    }
    await this.#showStaged(model);
  }

  async gather(model: Model, from: Session): Promise<void> {
    if (isNear(model)) {
      await this.#near.gather(model, sessionOf(from).#near);
      return;
    }
    this.#stagedOf(model).all.push(...sessionOf(from).#stagedOf(model).all);
    await this.#showStaged(model);
  }

  async unstage(model: Model, condition: string): Promise<number> {
    if (isNear(model)) {
      return this.#near.unstage(model, condition);
    }
    const [row] = await this.#near.query(
      `select count(*) as rows from ${stagedTable(model)} where ${condition}`,
    );
    const rows = Number(row?.['rows']);
    if (rows > 0) {
      for (const id of tablesIn(condition)) {
        const files = await this.#replaceInput(id, `select * from ${id}`);
        this.#showLater(id, [], () => farSelect(files));
        await this.#showAll([id]);
      }
      this.#stagedOf(model).removed.push(condition);
      await this.#showStaged(model);
    }
    return rows;
  }

  readonly cache: Session['cache'] = (id, sql) => this.#near.cache(id, sql);
  readonly nextFile: Session['nextFile'] = (ending) => this.#near.nextFile(ending);
  readonly writeRows: Session['writeRows'] = (sql, columns) => this.#near.writeRows(sql, columns);
  readonly query: Session['query'] = (sql) => this.#near.query(sql);
  readonly writeFiles: Session['writeFiles'] = (files, onWritten, context) =>
    this.#near.writeFiles(files, onWritten, context);
  readonly writeArchive: Session['writeArchive'] = (sql, file) =>
    this.#near.writeArchive(sql, file);
  readonly checkArchive: Session['checkArchive'] = (files) => this.#near.checkArchive(files);

  async close(): Promise<void> {
    this.#onClosing(this);
    await this.#cluster.close();
    await this.#near.close();
  }

  /** Ends what the cluster still does for this session. */
  async release(): Promise<void> {
    await this.#cluster.close();
  }

  #stagedOf(model: Model): StagedRows {
    const staged = this.#staged.get(model.id);
    if (staged === undefined) {
      throw new Error(`${model.id} has not been cleared`);
    }
    return staged;
  }

  /** Shows staged rows to the session here; views of the cluster that are made of them are made anew. */
  async #showStaged(model: Model): Promise<void> {
    const { all, removed } = this.#stagedOf(model);
    const left = removed.map((condition) => `not (${condition})`);
    await this.#near.openView(
      stagedTable(model),
      all.length === 0
        ? noRows(model.columns)
        : `${nearSelect(all.flatMap(({ files }) => files))}${left.length === 0 ? '' : ` where ${left.join(' and ')}`}`,
    );
    this.#opened.clear();
  }

  #stagedSelects(model: Model): string[] {
    const { all, removed } = this.#stagedOf(model);
    const left = removed.map((condition) => `not (${spelled(condition)})`);
    const where = left.length === 0 ? '' : ` where ${left.join(' and ')}`;
    return all.length === 0
      ? [emptySelect(model.columns)]
      : all.map((files) => `${farSelect(files, columnsOf(model))}${where}`);
  }

  async #readInput({ id, sql, file }: Input): Promise<StagedFiles | undefined> {
    if (sql !== undefined) {
      return this.#replaceInput(id, await this.#near.warehouseRows(sql, id));
    }
    return file === undefined ? undefined : this.#replaceInput(id, selectOf(file));
  }

  async #replaceInput(id: string, select: string): Promise<StagedFiles> {
    const before = this.#inputs.get(id);
    const files = await this.#exchange.give(id, select);
    this.#inputs.set(id, files);
    if (before !== undefined) {
      await this.#exchange.remove(before);
    }
    return files;
  }

  /** A view that the cluster gets when a statement reads it. */
  #showLater(id: string, sources: readonly string[], select: () => string): void {
    this.#views.set(id, { sources, select });
    this.#opened.clear();
  }

  /** Makes views on the cluster of what a statement reads, those first that others are made of. */
  async #showAll(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      const view = this.#views.get(id);
      if (view !== undefined && !this.#opened.has(id)) {
        await this.#showAll(view.sources);
        await this.#exchange.view(id, view.select());
        this.#opened.add(id);
      }
    }
  }

  /** DuckDB stages by name and takes no column that the header has not; Spark would leave it out. */
  async #refuseOtherColumns(model: Model, select: string): Promise<void> {
    const known = new Set(model.columns.map(({ name }) => name));
    const other = (await this.#cluster.columnsOf(select)).find((name) => !known.has(name));
    if (other !== undefined) {
      throw new MedallionError(
        'model',
        `${model.file}: the select has a column "${other}", and the header does not`,
        {
          hint: 'None of this was published. Header and select must have the same columns.',
        },
      );
    }
  }
}

/** A value as the header of its model has it. */
function valueOf({ name, type, nullable }: Model['columns'][number]): string {
  const value = `cast(${quoted(name)} as ${typeOf(type)})`;
  return nullable
    ? value
    : `coalesce(${value}, cast(raise_error(${literal(`null in the column "${name}", which is never null`)}) as ${typeOf(type)}))`;
}

function columnsOf({ columns }: Model): string {
  return columns.map(({ name }) => quoted(name)).join(', ');
}

/** A select of the cluster that has these columns and no row. */
export function emptySelect(columns: readonly Column[]): string {
  const nulls = columns.map(({ name, type }) => `cast(null as ${typeOf(type)}) as ${quoted(name)}`);
  return `select ${nulls.join(', ')} from range(0)`;
}

/** Whether a model is computed here. */
export function isNear({ inputs }: Model): boolean {
  return inputs.some((id) => NEAR.includes(id));
}

function sessionOf(session: Session): SparkSession {
  if (!(session instanceof SparkSession)) {
    throw new TypeError('a session of another engine');
  }
  return session;
}
