import { codeOf, MedallionError } from '../../errors.ts';
import { grouped } from '../../number.ts';
import type { CsvForm } from '../../source/mapping.ts';
import type { Sink, TopicPartition } from '../log.ts';
import { digestUpTo, sameBeginning, type TextDigest } from './digest.ts';
import { LineBatches, type Budget, type Place } from './line-batches.ts';
import { findForeign } from './require-events.ts';
import { resume } from './resume.ts';
import {
  fileState,
  fingerprint,
  hasFingerprint,
  inputError,
  mayContinue,
  readText,
  type FileState,
} from './text.ts';

export interface FileReadOptions {
  readonly signal: AbortSignal;
  readonly budget: Budget;
  readonly maxLineBytes: number | undefined;
  /** The file may go on: a last line without its newline, and a file that is not there, are waited for. */
  readonly grows: boolean;
  /** When this reading began, Unix milliseconds. */
  readonly readAt: number;
}

/** A line that begins at `position` of a text is the next to write, at `nextOffset`. */
interface FilePlace extends Place {
  readonly position: bigint;
}

/** Where a pass begins: what is before it is in the digest. */
interface Start extends FilePlace {
  readonly text: TextDigest;
}

/** A text whose beginning was compared with what was read of it. */
interface Compared {
  readonly digest: TextDigest;
  readonly inode: string;
  /** The file's version when it was compared. */
  readonly version: string;
  /** When comparing again takes little enough of the time, on the clock of `performance`. */
  readonly againAt: number;
}

/** While a file is followed, comparing it takes at most one part of the time in so many. */
const COMPARING_SHARE = 10;

/**
 * A file as a partition: a line's offset is its number. Stored are the number of the next line, the byte it begins at,
 * a fingerprint of the first line, and a digest of everything before that byte. A file with another text before it was
 * replaced, or rewritten, and is read again from its beginning.
 *
 * Where lines are read again, offsets go on after those taken before, so that no offset stands for two lines: in a file
 * that was replaced, and where a last line that was taken without its newline has grown since.
 */
export class FilePartition {
  readonly #path: string;
  readonly #to: TopicPartition;
  /** As far as this reader knows; undefined: to be asked of the sink. */
  #place: FilePlace | undefined;
  #compared: Compared | undefined;
  #readVersion: string | undefined;

  readonly #csv: CsvForm | undefined;

  /** @param csv it holds rows of CSV */
  constructor(path: string, to: TopicPartition, csv?: CsvForm) {
    this.#path = path;
    this.#to = to;
    this.#csv = csv;
  }

  #state(grows: boolean): Promise<FileState> {
    return fileState(this.#path, this.#csv && { form: this.#csv, grows });
  }

  /**
   * Rejects a file that holds something else than events, unless it was read before. What cannot be looked at is left to
   * `read`.
   * @throws MedallionError input
   */
  async requireEvents(sink: Sink, { grows }: Pick<FileReadOptions, 'grows'>): Promise<void> {
    const place = await this.#storedPlace(sink);
    const foreign = await this.#state(grows)
      .then(async (state) =>
        place !== undefined && (await hasFingerprint(state, place.source))
          ? undefined
          : findForeign(state, grows),
      )
      // Of CSV the header shows it.
      .catch((error: unknown) =>
        this.#csv !== undefined && error instanceof MedallionError ? error : undefined,
      );
    if (foreign !== undefined) {
      throw foreign;
    }
  }

  /**
   * Writes to the sink what the file now holds beyond what is stored.
   * @throws MedallionError input
   */
  async read(sink: Sink, options: FileReadOptions): Promise<void> {
    try {
      const state = await this.#state(options.grows);
      if (state.version === this.#readVersion && !this.#isToBeCompared(state)) {
        return;
      }
      // Another consumer of the same file makes a pass end early; the next one goes on from where that one is.
      while (isWanted(options)) {
        if (await this.#pass(state, sink, options)) {
          this.#readVersion = isWanted(options) ? state.version : undefined;
          return;
        }
      }
    } catch (error) {
      const isStopped = options.signal.aborted && error === options.signal.reason;
      if (!isStopped && !(options.grows && isUnfinished(error))) {
        throw inputError(error, this.#path);
      }
    }
  }

  /** Reads the file from the stored place to its end; false when another consumer came in between. */
  async #pass(state: FileState, sink: Sink, options: FileReadOptions): Promise<boolean> {
    const start = await this.#locate(state, sink, options);
    if (start === 'taken' || start === 'nothing new') {
      return start === 'nothing new';
    }
    const digest = start.text.fork();
    const batches = new LineBatches({
      ...{ sink, place: start, to: this.#to, budget: options.budget },
      ...{ maxLineBytes: options.maxLineBytes, readAt: () => options.readAt },
      onRefused: () => Promise.resolve(undefined),
      ...{ digest, digestAt: async (position) => readDigest(state, position) },
    });
    let isWhole = false;
    try {
      isWhole = await pushAll(readText(state, Number(start.position)), batches, options.signal);
      isWhole &&= !options.grows && (await fileState(this.#path)).version === state.version;
    } finally {
      // Also where the text broke off: the whole lines before the break are good.
      await batches.finish({ ended: isWhole });
      const { position = 0n, ...place } = batches.place;
      this.#place = batches.isRefused ? undefined : { ...place, position };
      // Another consumer that came in between may be behind what was read here, but not behind the start.
      const known = batches.isRefused ? start.text : digest;
      this.#compared = this.#compared && { ...this.#compared, digest: known };
    }
    return !batches.isRefused;
  }

  /** Where the next line begins, and its offset. */
  async #locate(
    state: FileState,
    sink: Sink,
    options: FileReadOptions,
  ): Promise<Start | 'nothing new' | 'taken'> {
    const place = this.#place ?? (await this.#storedPlace(sink));
    if (place === undefined) {
      return (await this.#beginning(state, 0n, options)) ?? 'nothing new';
    }
    const text = await this.#compare(place, state, options);
    if (text === undefined) {
      return this.#startOver(place, state, sink, options);
    }
    if (place.digest === undefined && !(await this.#storeDigest(text, sink))) {
      return 'taken';
    }
    const found = await resume(state, text.end, options.grows);
    if (found.kind === 'shorter') {
      return this.#startOver(place, state, sink, options);
    }
    if (found.kind === 'nothing new') {
      return found.kind;
    }
    if (found.kind === 'line has grown') {
      sink.warn(
        `${this.#path}: its last line was read before it was complete`,
        `It has grown since. The complete line is read again, as offset ${place.nextOffset}.`,
      );
    }
    const moved = await digestUpTo(state, found.position, { signal: options.signal, known: text });
    return moved === undefined
      ? 'taken'
      : { ...place, position: BigInt(found.position), text: moved };
  }

  async #storedPlace(sink: Sink): Promise<FilePlace | undefined> {
    const [stored] = await sink.storedOffsets([this.#to]);
    return stored === undefined ? undefined : { ...stored, position: stored.position ?? 0n };
  }

  /** The file's first line as the next one; undefined while there is none. */
  async #beginning(
    state: FileState,
    nextOffset: bigint,
    { grows }: FileReadOptions,
  ): Promise<Start | undefined> {
    const foreign = await findForeign(state, grows);
    if (foreign !== undefined) {
      throw foreign;
    }
    const first = await fingerprint(state);
    const text = first && (await digestUpTo(state, first.start));
    if (first === undefined || text === undefined) {
      return undefined;
    }
    this.#remember(text, state, 0);
    return { nextOffset, source: first.source, position: BigInt(first.start), text };
  }

  /**
   * The digest of what is before the place, where the file still begins so. While it is followed, a file of which this
   * reader knows as much is compared now and then only: it costs a read of all that is before.
   */
  async #compare(
    place: FilePlace,
    state: FileState,
    { grows, signal }: FileReadOptions,
  ): Promise<TextDigest | undefined> {
    const compared = this.#compared;
    const read = { ...place, position: Number(place.position) };
    const isKnown =
      compared?.digest.end === read.position && compared.digest.value === place.digest;
    if (isKnown && grows && !this.#isToBeCompared(state)) {
      return (await mayContinue(state, read)) ? compared.digest : undefined;
    }
    const startedAt = performance.now();
    const known = compared?.version === state.version ? compared.digest : undefined;
    const text = await sameBeginning(state, read, { signal, known });
    if (text !== undefined) {
      this.#remember(text, state, performance.now() - startedAt);
    }
    return text;
  }

  /** Whether what is known of the file's beginning may be out of date, and there is time to compare it. */
  #isToBeCompared(state: FileState): boolean {
    const compared = this.#compared;
    return (
      compared !== undefined &&
      compared.version !== state.version &&
      (compared.inode !== state.inode || performance.now() >= compared.againAt)
    );
  }

  #remember(digest: TextDigest, { inode, version }: FileState, tookMs: number): void {
    const againAt = performance.now() + tookMs * (COMPARING_SHARE - 1);
    this.#compared = { digest, inode, version, againAt };
  }

  /** A place that an older version stored gets its digest. */
  async #storeDigest(text: TextDigest, sink: Sink): Promise<boolean> {
    const [stored] = await sink.storedOffsets([this.#to]);
    const digest = text.value;
    const position = BigInt(text.end);
    const isStored =
      stored !== undefined &&
      (stored.position ?? 0n) === position &&
      (await sink.resetOffset(stored, { ...stored, digest }));
    this.#place = isStored ? { ...stored, position, digest } : undefined;
    return isStored;
  }

  /** The file is another one than was read before: it is read from its beginning. */
  async #startOver(
    place: FilePlace,
    state: FileState,
    sink: Sink,
    options: FileReadOptions,
  ): Promise<Start | 'nothing new' | 'taken'> {
    const start = await this.#beginning(state, place.nextOffset, options);
    if (start === undefined) {
      // An emptied file shows nothing yet: what comes may be the same text again.
      return 'nothing new';
    }
    // What is replaced is what is stored now, which may be more than this reader has seen.
    const [stored] = await sink.storedOffsets([this.#to]);
    const { text, ...next } = { ...start, digest: start.text.value };
    if (
      stored?.nextOffset !== place.nextOffset ||
      !(await sink.resetOffset(stored, { ...this.#to, ...next }))
    ) {
      this.#place = undefined;
      return 'taken';
    }
    sink.warn(
      `${this.#path} was replaced: it no longer begins with the ${grouped(place.position)} bytes that were read from it. ` +
        `It is read again from its beginning, as offsets from ${next.nextOffset} on`,
      'Events that are the same as before count as duplicates in silver. Lines that the old file got after it was last ' +
        'read were not read: if it still exists under another name, ingest that file too.',
    );
    return { ...next, text };
  }
}

/** What stands for the digest of a text that is gone: no text has it. */
const CHANGED = 'changed while it was read';

/** The digest of a text that was read up to `position` and further. */
async function readDigest(state: FileState, position: bigint): Promise<string> {
  const digest = await digestUpTo(state, Number(position));
  const { version } = await fileState(state.path);
  return digest !== undefined && version === state.version ? digest.value : CHANGED;
}

/** Whether more records are to be read. */
function isWanted({ signal, budget }: FileReadOptions): boolean {
  return !signal.aborted && budget.remaining > 0;
}

/** Pushes a text on; false when it was stopped before the text's end. */
async function pushAll(
  text: AsyncIterable<Buffer>,
  batches: LineBatches,
  signal: AbortSignal,
): Promise<boolean> {
  for await (const chunk of text) {
    await batches.push(chunk);
    if (batches.isClosed || signal.aborted) {
      return false;
    }
  }
  return true;
}

/** A file that may still come, or become whole. */
function isUnfinished(error: unknown): boolean {
  const cause = error instanceof MedallionError ? error.cause : error;
  return codeOf(cause) === 'ENOENT' || codeOf(cause) === 'Z_BUF_ERROR';
}
