import { codeOf, MedallionError, messageOf } from '../../errors.ts';
import type { Sink, TopicPartition } from '../log.ts';
import { LineLanding, type Budget, type Place } from './line-landing.ts';
import { resume } from './resume.ts';
import { fileState, fingerprint, hasFingerprint, readText, type FileState } from './text.ts';

export interface FileReadOptions {
  readonly signal: AbortSignal;
  readonly budget: Budget;
  readonly maxLineBytes: number | undefined;
  /** The file may go on: a last line without its newline, and a file that is not there, are waited for. */
  readonly grows: boolean;
  /** Read a file that was replaced from its beginning. */
  readonly resetOffsets: boolean;
  /** When this reading began, Unix milliseconds. */
  readonly readAt: number;
}

/** A line that begins at `position` of a text is the next to land, at `nextOffset`. */
interface FilePlace extends Place {
  readonly position: bigint;
}

/**
 * A file as a partition: a line's offset is its number. Stored are the number of the next line, the byte it begins at,
 * and a fingerprint of the first line: a file that begins otherwise, or is shorter, is another one of the same name.
 *
 * Where lines are read again, offsets go on after those taken before, so that no offset stands for two lines: after a
 * reset, and where a last line that was taken without its newline has grown since.
 */
export class FilePartition {
  readonly #path: string;
  readonly #to: TopicPartition;
  /** As far as this reader knows; undefined: to be asked of the sink. */
  #place: FilePlace | undefined;
  #readVersion: string | undefined;

  constructor(path: string, to: TopicPartition) {
    this.#path = path;
    this.#to = to;
  }

  /**
   * Lands what the file now holds beyond what is stored.
   * @throws MedallionError source_changed, input
   */
  async read(sink: Sink, options: FileReadOptions): Promise<void> {
    try {
      const state = await fileState(this.#path);
      if (state.version === this.#readVersion) {
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
      if (!(options.grows && isUnfinished(error))) {
        throw inputError(error, this.#path);
      }
    }
  }

  /** Reads the file from the stored place to its end; false when another consumer came in between. */
  async #pass(state: FileState, sink: Sink, options: FileReadOptions): Promise<boolean> {
    const place = await this.#locate(state, sink, options);
    if (place === 'taken' || place === 'nothing new') {
      return place === 'nothing new';
    }
    const landing = new LineLanding({
      ...{ sink, place, to: this.#to, budget: options.budget },
      ...{ maxLineBytes: options.maxLineBytes, readAt: () => options.readAt },
      onRefused: () => Promise.resolve(undefined),
    });
    let isWhole = false;
    try {
      isWhole = await pushAll(readText(state, Number(place.position)), landing, options.signal);
      isWhole &&= !options.grows && (await fileState(this.#path)).version === state.version;
    } finally {
      // Also where the text broke off: the whole lines before the break are good.
      await landing.finish({ ended: isWhole });
      const { nextOffset, source, position = 0n } = landing.place;
      this.#place = landing.isRefused ? undefined : { nextOffset, source, position };
    }
    return !landing.isRefused;
  }

  /** Where the next line begins, and its offset. */
  async #locate(
    state: FileState,
    sink: Sink,
    options: FileReadOptions,
  ): Promise<FilePlace | 'nothing new' | 'taken'> {
    const place = this.#place ?? (await this.#storedPlace(sink));
    if (place === undefined) {
      const first = await fingerprint(state);
      return first === undefined
        ? 'nothing new'
        : { nextOffset: 0n, source: first.source, position: BigInt(first.start) };
    }
    const isSame = await hasFingerprint(state, place.source);
    const found = isSame
      ? await resume(state, Number(place.position), options.grows)
      : ({ kind: 'shorter' } as const);
    switch (found.kind) {
      case 'nothing new':
        return 'nothing new';
      case 'new lines':
        return { ...place, position: BigInt(found.position) };
      case 'line has grown':
        sink.warn(
          `${this.#path}: its last line was taken before it was whole`,
          `It has grown and is taken again, whole, as offset ${place.nextOffset}.`,
        );
        return { ...place, position: BigInt(found.position) };
      case 'shorter':
        return this.#reset(place, isSame, state, sink, options);
    }
  }

  async #storedPlace(sink: Sink): Promise<FilePlace | undefined> {
    const [stored] = await sink.storedOffsets([this.#to]);
    return stored === undefined ? undefined : { ...stored, position: stored.position ?? 0n };
  }

  /** The file is another one than before: an error, or the way on if the user asked for it. */
  async #reset(
    place: FilePlace,
    isSame: boolean,
    state: FileState,
    sink: Sink,
    options: FileReadOptions,
  ): Promise<FilePlace | 'nothing new' | 'taken'> {
    const what = isSame
      ? `${this.#path} is shorter than what was read of it: it was cut, or replaced`
      : `${this.#path} is not the file that was read before under this name: its first line differs`;
    if (!options.resetOffsets) {
      throw new MedallionError('source_changed', what, {
        hint:
          '--reset-offsets reads it from its beginning; its events get the offsets after those already landed, ' +
          'nothing is overwritten. Or give the new file another name.',
      });
    }
    const first = await fingerprint(state);
    if (first === undefined) {
      return 'nothing new';
    }
    // What is replaced is what the books hold now, which may be more than this reader has seen.
    const [stored] = await sink.storedOffsets([this.#to]);
    const next = {
      nextOffset: place.nextOffset,
      source: first.source,
      position: BigInt(first.start),
    };
    if (
      stored?.nextOffset !== place.nextOffset ||
      !(await sink.resetOffset(stored, { ...this.#to, ...next }))
    ) {
      this.#place = undefined;
      return 'taken';
    }
    sink.warn(`${what}; reading it from its beginning, from offset ${next.nextOffset} on`);
    return next;
  }
}

/** Whether more records are to be read. */
function isWanted({ signal, budget }: FileReadOptions): boolean {
  return !signal.aborted && budget.remaining > 0;
}

/** Feeds a landing with a text; false when it was stopped before the text's end. */
async function pushAll(
  text: AsyncIterable<Buffer>,
  landing: LineLanding,
  signal: AbortSignal,
): Promise<boolean> {
  for await (const chunk of text) {
    await landing.push(chunk);
    if (landing.isClosed || signal.aborted) {
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

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is no folder',
};

/** A file that cannot be read, as an error for people; what is no system error stays what it is. */
export function inputError(error: unknown, path: string): unknown {
  const code = codeOf(error);
  if (error instanceof MedallionError || code === undefined || !/^E[A-Z]+$/.test(code)) {
    return error;
  }
  return new MedallionError('input', `cannot read ${path}: ${REASONS[code] ?? messageOf(error)}`, {
    hint: 'Check the path and the permissions of the file.',
    cause: error,
  });
}
