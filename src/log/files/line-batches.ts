import type { LogRecord, ReadOptions, RecordBatch, Sink, TopicPartition } from '../log.ts';
import type { TextDigest } from './digest.ts';
import { LineSplitter, type LineBlock } from './lines.ts';

/** Where a text goes on: the offset of its next line, and where that line begins. */
export interface Place {
  readonly nextOffset: bigint;
  /** Names the text. */
  readonly source: string;
  /** Bytes of the text before the next line; undefined where the text cannot be read again. */
  readonly position: bigint | undefined;
  /** Digest of these bytes; undefined where nobody will compare it. */
  readonly digest?: string | undefined;
}

/** Records that may still be written, shared by everything that is read at once. */
export interface Budget {
  remaining: number;
  /** When a record was last written, Unix milliseconds. */
  lastWrittenAt: number;
}

export function budgetOf({ maxRecords = Number.POSITIVE_INFINITY }: ReadOptions): Budget {
  return { remaining: maxRecords, lastWrittenAt: Date.now() };
}

/** Large enough that a commit's wait does not show, small enough to hold two in memory. */
const BATCH_BYTES = 8 << 20;
const BATCH_LINES = 50_000;

export interface LineBatchesOptions {
  readonly sink: Sink;
  readonly to: TopicPartition;
  readonly place: Place;
  readonly budget: Budget;
  readonly maxLineBytes: number | undefined;
  /** When the lines were read, Unix milliseconds. */
  readonly readAt: () => number;
  /** Another consumer has moved the partition on: the place to write the lines at instead, if they are still to be written. */
  readonly onRefused: () => Promise<Place | undefined>;
  /** Where the text can be read again: its digest, which goes on with it, and that of its bytes up to another place. */
  readonly digest?: TextDigest;
  readonly digestAt?: (position: bigint) => Promise<string>;
}

/**
 * Writes the lines of a text while the next ones are read: what has come in by the time a batch is committed is the
 * next batch, so a slow text is written at once and a fast one in large batches.
 */
export class LineBatches {
  readonly #options: LineBatchesOptions;
  readonly #splitter: LineSplitter;
  #place: Place;
  #inFlight: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #isRefused = false;

  constructor(options: LineBatchesOptions) {
    this.#options = options;
    this.#place = options.place;
    this.#splitter = new LineSplitter(options.maxLineBytes);
  }

  /** The place after the last line that was written. */
  get place(): Place {
    return this.#place;
  }

  /** No more lines are wanted: another consumer has them, or all that were asked for are written. */
  get isClosed(): boolean {
    return this.#isRefused || this.#options.budget.remaining <= 0;
  }

  get isRefused(): boolean {
    return this.#isRefused;
  }

  /** Takes the text's next chunk; resolves when there is room for another one. */
  async push(chunk: Buffer): Promise<void> {
    this.#splitter.push(chunk);
    this.#options.digest?.push(chunk);
    this.#pump();
    while (this.#isFull && this.#inFlight !== undefined) {
      await this.#inFlight;
    }
    this.#throwFailure();
  }

  /** Writes what is left; with `ended` also a last line without a newline. */
  async finish({ ended }: { readonly ended: boolean }): Promise<void> {
    if (ended) {
      this.#splitter.end();
      this.#options.digest?.close();
    }
    this.#pump();
    while (this.#inFlight !== undefined) {
      await this.#inFlight;
    }
    this.#throwFailure();
  }

  get #isFull(): boolean {
    return this.#splitter.bytes >= BATCH_BYTES || this.#splitter.size >= BATCH_LINES;
  }

  #pump(): void {
    const isHeld = this.#inFlight !== undefined || this.#failure !== undefined || this.isClosed;
    if (isHeld || this.#splitter.bytes === 0) {
      return;
    }
    this.#inFlight = this.#write(this.#splitter.take(this.#options.budget.remaining))
      .catch((error: unknown) => {
        this.#failure = { error };
      })
      .then(() => {
        this.#inFlight = undefined;
        this.#pump();
      });
  }

  async #write(block: LineBlock): Promise<void> {
    const { sink, budget } = this.#options;
    const records = block.lines.length;
    budget.remaining -= records;
    const digest = await this.#digestAfter(block);
    let batch = this.#batch(block, digest);
    while (!(await sink.write(batch))) {
      const place = await this.#options.onRefused();
      if (place === undefined) {
        budget.remaining += records;
        this.#isRefused = true;
        return;
      }
      this.#place = place;
      batch = this.#batch(block, digest);
    }
    this.#place = {
      nextOffset: batch.nextOffset,
      source: batch.source,
      position: batch.position,
      digest,
    };
    if (records > 0) {
      budget.lastWrittenAt = Date.now();
    }
  }

  /** The digest of the text up to the block's end: it goes on at once, so it is asked for before the first wait. */
  async #digestAfter({ bytes, isCut }: LineBlock): Promise<string | undefined> {
    const { digest, digestAt } = this.#options;
    return isCut ? digestAt?.((this.#place.position ?? 0n) + BigInt(bytes)) : digest?.value;
  }

  #batch({ lines, count, bytes }: LineBlock, digest: string | undefined): RecordBatch {
    const { nextOffset: fromOffset, source, position } = this.#place;
    const timestamp = this.#options.readAt();
    const records = lines.map(({ index, value, fullLength }): LogRecord => {
      const offset = fromOffset + BigInt(index);
      const record = { offset, timestamp, key: null, value, headers: null };
      return fullLength === undefined ? record : { ...record, fullLength };
    });
    return {
      ...this.#options.to,
      ...{ fromOffset, records, nextOffset: fromOffset + BigInt(count), source },
      ...(position === undefined ? {} : { position: position + BigInt(bytes), digest }),
    };
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) {
      throw this.#failure.error;
    }
  }
}
