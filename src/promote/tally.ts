import { stagedTable, type Session, type RowFile } from '../engine/engine.ts';
import type { Model } from '../model/model.ts';
import { temporaryOf, type Loading } from '../publish/loading.ts';
import type { Publication } from '../postgres/publisher.ts';

export interface ModelCounts {
  readonly model: string;
  /** Rows of its largest input. */
  read: number;
  /** Rows staged and published. */
  written: number;
  rejected: number;
  milliseconds: number;
}

export interface SilverResult {
  events: number;
  accepted: number;
  rejected: number;
  /** Records that the where of their source leaves out. */
  skipped: number;
  /** Transactions written: new ones and corrected ones. */
  written: number;
  duplicates: number;
  superseded: number;
}

/** Adds up what each model read, wrote and rejected, and how long it took, over all that a run has published. */
export class ModelTally {
  readonly silver: SilverResult = {
    ...{ events: 0, accepted: 0, rejected: 0, skipped: 0 },
    ...{ written: 0, duplicates: 0, superseded: 0 },
  };
  /** Days of gold that were published. */
  readonly days = new Set<string>();
  readonly #counts = new Map<string, ModelCounts>();
  readonly #rejections = new Map<string, number>();
  readonly #onPublished: (tally: ModelTally) => void;

  /** @param onPublished called after each transaction that was committed, with what the run has counted so far */
  constructor(onPublished: (tally: ModelTally) => void = () => undefined) {
    this.#onPublished = onPublished;
  }

  get models(): ModelCounts[] {
    return [...this.#counts.values()];
  }

  /** events that silver rejected, by reason. */
  get rejections(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#rejections);
  }

  /** Takes up what was counted apart. */
  add(other: ModelTally): void {
    for (const counts of other.models) {
      const known = this.#of({ id: counts.model });
      known.read += counts.read;
      known.written += counts.written;
      known.rejected += counts.rejected;
      known.milliseconds += counts.milliseconds;
    }
    for (const [reason, events] of Object.entries(other.rejections)) {
      this.reject(reason, events);
    }
    this.judged(other.silver);
    for (const day of other.days) {
      this.days.add(day);
    }
  }

  /** Counts events of silver whose transaction was committed. */
  judged(counts: Readonly<SilverResult>): void {
    for (const name of Object.keys(counts) as (keyof SilverResult)[]) {
      this.silver[name] += counts[name];
    }
  }

  reject(reason: string, events: number): void {
    this.#rejections.set(reason, (this.#rejections.get(reason) ?? 0) + events);
  }

  /** Says that what was counted is committed. */
  published(): void {
    this.#onPublished(this);
  }

  /** Lists models in this order, whichever of them is counted first. */
  list(models: readonly Model[]): void {
    for (const model of models) {
      this.#of(model);
    }
  }

  count(
    model: Model,
    { read = 0, written = 0, rejected = 0 }: Partial<Omit<ModelCounts, 'model' | 'milliseconds'>>,
  ): void {
    const counts = this.#of(model);
    counts.read += read;
    counts.written += written;
    counts.rejected += rejected;
  }

  async time<T>(model: Model, work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await work();
    } finally {
      this.#of(model).milliseconds += performance.now() - start;
    }
  }

  #of(model: Pick<Model, 'id'>): ModelCounts {
    const known = this.#counts.get(model.id);
    if (known !== undefined) {
      return known;
    }
    const counts = { model: model.id, read: 0, written: 0, rejected: 0, milliseconds: 0 };
    this.#counts.set(model.id, counts);
    return counts;
  }
}

/** The staged rows of a model, in a file. */
export function writeStaged(session: Session, model: Model): Promise<RowFile> {
  const columns = model.columns.map(({ name, type }) => ({ name, type }));
  return session.writeRows(`select * from ${stagedTable(model)}`, columns);
}

/** Copies a model's rows to where its publication wants them, and merges them. */
export async function copyStaged(
  transaction: Publication,
  file: RowFile,
  model: Model,
  { into, after }: Loading,
): Promise<number> {
  if (into !== undefined) {
    return transaction.copy(file, into);
  }
  const written = await transaction.copyTemporary(file, temporaryOf(model));
  await transaction.execute(...after);
  return written;
}
