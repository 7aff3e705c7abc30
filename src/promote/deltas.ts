import { stagedTable, type Session, type RowFile, type WarehouseFile } from '../engine/engine.ts';
import { isMadeByDay } from '../model/days.ts';
import { isFilled, type Model } from '../model/model.ts';
import { literal } from '../postgres/quote.ts';
import { columnsOf, tableOf } from '../schema/tables.ts';
import { deltaTable, isOverFacts, negated, summed } from '../publish/additive.ts';

/** Rows of facts as they were before a batch, in files, by the ids of their tables. */
export type TakenAway = ReadonlyMap<string, WarehouseFile>;

/**
 * What a promotion adds to the additive marts over facts, and what it takes away: their selects over the rows that come
 * to silver and, negated, over those that go. What several sessions find adds up.
 */
export class Deltas {
  readonly #marts: readonly Model[];
  readonly #silver: readonly Model[];
  /** What their selects read, views after the tables they are made of. */
  readonly #sources: readonly Model[];
  /** How often whole days have been summed up. */
  #rounds = 0;

  /** @param marts those that are to follow; others are passed over */
  constructor(silver: readonly Model[], marts: readonly Model[]) {
    this.#marts = marts.filter(isOverFacts);
    this.#silver = silver;
    const wanted = new Set(this.#marts.flatMap(({ sources }) => sources));
    for (const { id, sources } of [...silver].reverse()) {
      if (wanted.has(id)) {
        sources.forEach((source) => wanted.add(source));
      }
    }
    this.#sources = silver.filter(({ id }) => wanted.has(id));
  }

  /** The tables of facts whose rows a batch may take away. */
  get facts(): readonly Model[] {
    return this.#sources.filter(({ load }) => load === 'replace_transactions');
  }

  /** Adds what a batch stages on a session, and takes away what it replaces. The session has no other work meanwhile. */
  async add(session: Session, takenAway: TakenAway | undefined): Promise<void> {
    await this.#open(session, async (source) => {
      const { id } = source;
      if (source.load === 'replace_transactions') {
        await session.openInput({ id, staged: source, keep: false });
      } else {
        const staged = isFilled(source) ? { staged: source, distinct: true } : {};
        await session.openInput({ id, sql: rowsOf(source), ...staged, keep: true });
      }
    });
    await this.#stage(session, (model) => model.sql);
    if (takenAway !== undefined) {
      for (const [id, file] of takenAway) {
        await session.openInput({ id, file, keep: true });
      }
      await this.#stage(session, negated, false);
    }
    await this.#keep(session, (delta) => delta.id);
  }

  /** Begins to sum up days whole; what was summed up like that before counts no more. */
  beginWhole(): void {
    this.#rounds += 1;
  }

  /**
   * Adds all that silver holds between two keys of transactions.
   * @param condition selects them by transaction_key, in the warehouse's dialect
   */
  async addWhole(session: Session, condition: string): Promise<void> {
    await this.#open(session, async (source) => {
      const where = source.load === 'replace_transactions' ? ` where ${condition}` : '';
      await session.openInput({ id: source.id, sql: `${rowsOf(source)}${where}`, keep: true });
    });
    await this.#stage(session, (model) => model.sql);
    await this.#keep(session, (delta) => this.#wholeId(delta));
  }

  /**
   * Writes the sum of what batches have added to a mart, and of the days that were summed up whole.
   * @param but days for which batches do not count
   * @param isWhole whether the mart consists of nothing else: cells that nothing is behind are left out
   */
  async write(
    session: Session,
    mart: Model,
    but: readonly string[],
    { isWhole = false } = {},
  ): Promise<RowFile> {
    const delta = deltaModel(mart);
    await session.clear(delta);
    const [batches, whole] = [`staged.batches_${delta.name}`, `staged.whole_${delta.name}`];
    await session.openInput({ id: batches, staged: delta, cached: delta.id, keep: false });
    await session.openInput({
      id: whole,
      staged: delta,
      cached: this.#wholeId(delta),
      keep: false,
    });
    const days = but.length === 0 ? '' : ` where date_key not in (${but.map(literal).join(', ')})`;
    const rows = `select * from ${batches}${days} union all select * from ${whole}`;
    return session.writeRows(summed(mart, rows, isWhole), deltaTable(mart).columns);
  }

  async #open(session: Session, open: (source: Model) => Promise<void>): Promise<void> {
    for (const source of this.#sources) {
      if (source.load === 'view' && isMadeByDay(source, this.#silver)) {
        await session.openView(source.id, source.sql);
      } else {
        await open(source);
      }
    }
  }

  async #stage(session: Session, select: (mart: Model) => string, isFirst = true): Promise<void> {
    for (const mart of this.#marts) {
      const delta = { ...deltaModel(mart), sql: select(mart) };
      if (isFirst) {
        await session.clear(delta);
      }
      await session.stage(delta);
    }
  }

  #wholeId({ id }: Model): string {
    return `${id} whole ${String(this.#rounds)}`;
  }

  async #keep(session: Session, idOf: (delta: Model) => string): Promise<void> {
    for (const mart of this.#marts) {
      const delta = deltaModel(mart);
      await session.cache(idOf(delta), `select * from ${stagedTable(delta)}`);
    }
  }
}

/** The delta of a mart as a model of its own, for an engine to stage. */
function deltaModel(mart: Model): Model {
  const { name, columns } = deltaTable(mart);
  const names = columns.map((column) => column.name);
  return {
    ...mart,
    ...{ name, id: `${mart.layer}.${name}` },
    columns: mart.columns.filter((column) => names.includes(column.name)),
  };
}

function rowsOf(model: Model): string {
  return `select ${columnsOf(model)} from ${tableOf(model)}`;
}
