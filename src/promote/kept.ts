import type { KeptPart, Lane, SilverWindow } from '../engine/engine.ts';
import { isMadeByDay } from '../model/days.ts';
import { isFilled, type Model } from '../model/model.ts';
import type { Client } from '../postgres/client.ts';
import { columnList } from '../postgres/tables.ts';
import { dayCondition, readDaysWithin } from './days.ts';
import { neededColumns } from './needed-columns.ts';

/** Transactions whose facts one run keeps, at most: some 70 bytes each with their lines, on disk. */
const MOST_TRANSACTIONS = 10_000_000;

/** Under this the keys of transactions are kept that a later window of the run replaced. */
const REPLACED = 'replaced';

/** What a repeated event changes about the rows of its transaction when they stay. */
const ADOPTED_COLUMNS = ['produced_at', 'topic', 'partition', 'offset', 'run_id'];

/** What a window adds, and what it does to rows of windows before it. */
export interface WindowFacts {
  /** At most. */
  readonly transactions: number;
  /** The number after those of its surrogate keys. */
  readonly nextKey: bigint;
  readonly replaced: number;
  readonly adopted: number;
}

/**
 * The facts that this run wrote, as far as marts read them, kept beside the warehouse: gold need not read back what was
 * written a moment ago. Of a day that has facts of an earlier run the warehouse is read, and of the rest these.
 */
export class KeptFacts {
  readonly #facts: readonly { readonly model: Model; readonly columns: readonly string[] }[];
  /** Numbers of the surrogate keys that were kept: from the first one up to, not including, the other. */
  #from: bigint | undefined;
  #to = 0n;
  #transactions = 0;
  #hasReplaced = false;
  #hasAdopted = false;
  #days: ReadonlySet<string> = new Set();

  /** @param marts those that are to be computed in this run */
  constructor(silver: readonly Model[], marts: readonly Model[]) {
    this.#facts = silver.flatMap((model) => {
      const { window, id } = model;
      const readers = marts.filter(({ inputs }) => inputs.includes(id));
      if (window === undefined || readers.length === 0 || !isMadeByDay(model, silver)) {
        return [];
      }
      const read = readers.flatMap((reader) => neededColumns(model, [reader]));
      return [{ model, columns: [...new Set([window, ...read])] }];
    });
  }

  /**
   * Keeps the rows that a window stages on a lane, which are those it publishes. Windows come in the order of their
   * keys; the rows of one may still be on their way when the next one comes.
   */
  async keep(
    lane: Lane,
    window: SilverWindow,
    { transactions, nextKey, replaced, adopted }: WindowFacts,
  ): Promise<void> {
    this.#hasAdopted ||= adopted > 0;
    this.#hasReplaced ||= replaced > 0;
    this.#transactions += transactions;
    const isKept = this.#transactions <= MOST_TRANSACTIONS;
    if (isKept) {
      this.#from ??= window.firstKey;
      this.#to = nextKey;
    }
    // From here on the next window may come.
    if (replaced > 0) {
      await lane.keep(REPLACED, 'select transaction_key from source.replaced');
    }
    if (!isKept) {
      return;
    }
    for (const { model, columns } of this.#facts) {
      const source = isFilled(model) ? model.id : `(${model.sql})`;
      await lane.keep(model.id, `select ${columnList(columns)} from ${source}`);
    }
  }

  /** Finds out for which of some days nothing but the kept facts is in the warehouse. */
  async settle(client: Client, days: readonly string[]): Promise<void> {
    this.#days =
      this.#from === undefined
        ? new Set()
        : await readDaysWithin(client, days, { from: this.#from, to: this.#to });
  }

  /** The part of an input's rows that need not be read, and the days that they are all of. */
  partOf(
    model: Model,
    days: readonly string[],
  ): { days: readonly string[]; part: KeptPart } | undefined {
    const columns = this.#facts.find((one) => one.model.id === model.id)?.columns;
    const own = days.filter((day) => this.#days.has(day));
    const isMoved =
      this.#hasAdopted && columns?.some((column) => ADOPTED_COLUMNS.includes(column)) === true;
    return columns === undefined || own.length === 0 || isMoved
      ? undefined
      : {
          days: own,
          part: {
            where: dayCondition(own),
            ...(this.#hasReplaced ? { without: { id: REPLACED, by: 'transaction_key' } } : {}),
          },
        };
  }
}
