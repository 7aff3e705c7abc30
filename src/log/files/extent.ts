import { codeOf } from '../../errors.ts';
import type { PartitionLag, ReadPlace } from '../log.ts';
import { sameBeginning, type ReadText } from './digest.ts';
import type { PartitionFile } from './landing.ts';
import { LineSplitter } from './lines.ts';
import type { CsvForm } from '../../source/mapping.ts';
import { fileState, inputError, mayContinue, readText, type FileState } from './text.ts';

/** Lines of a file, those that hold something and all of them, on both sides of a place in it. */
export interface LineCounts {
  /** Undefined where only what comes after was asked for. */
  readonly before: Lines | undefined;
  readonly after: Lines;
  /** The file has another text than was read: all of it comes after. */
  readonly isReplaced: boolean;
}

interface Lines {
  readonly events: bigint;
  readonly lines: bigint;
}

export interface CountOptions {
  /** The file may go on: a last line without its newline is not one yet. */
  readonly grows: boolean;
  /** Count the lines after the place only, which spares reading the rest; the file is known by its first line then. */
  readonly onlyAfter: boolean;
  /** Of a file of CSV. */
  readonly csv?: CsvForm | undefined;
}

/** Nothing longer is needed of a line than whether it holds something. */
const LINE_BYTES = 64 * 1024;
/** As much of what is unread is counted; longer rests are estimated by it. */
const SAMPLE_BYTES = 4 << 20;
/** As much of what was read is compared with the file; of more, the first line. */
const COMPARED_BYTES = 16 << 20;

/**
 * Counts a file's lines before and after the place up to which it was read.
 * @param read undefined: it was never read
 * @returns undefined where the file is gone
 * @throws MedallionError input
 */
export async function countLines(
  file: string,
  read: ReadText | undefined,
  { grows, onlyAfter, csv }: CountOptions,
): Promise<LineCounts | undefined> {
  return unlessGone(file, undefined, async () => {
    const state = await fileState(file, csv && { form: csv, grows });
    const isReplaced = read !== undefined && !(await isSame(state, read, !onlyAfter));
    const position = isReplaced ? 0 : (read?.position ?? 0);
    return {
      before: onlyAfter ? undefined : await count(readText(state, 0, position), true),
      after: await count(readText(state, position), !grows),
      isReplaced,
    };
  });
}

/**
 * How far reading is behind the ends of the partition files. Lines up to 4 MiB are counted, more are estimated from the
 * first 4 MiB. Files hold no times: unread lines wait since the file was last read, at most. Whether a file was rewritten
 * behind its first line shows where up to 16 MiB of it were read; of more, the next ingest finds out.
 * @throws MedallionError input
 */
export async function landingLag(
  files: readonly PartitionFile[],
  recorded: readonly ReadPlace[],
): Promise<PartitionLag[]> {
  return Promise.all(
    files.map(async ({ path, partition }) => {
      const place = recorded.find((candidate) => candidate.partition === partition);
      const lag = { partition, end: undefined, since: undefined };
      // It was there a moment ago.
      return unlessGone(path, { ...lag, events: 0 }, async () => {
        const state = await fileState(path);
        const position = Number(place?.position ?? 0n);
        const isKnown =
          place === undefined ||
          (await isSame(state, { ...place, position }, position <= COMPARED_BYTES));
        if (!isKnown) {
          return { ...lag, events: undefined, note: 'was replaced since it was read' };
        }
        const lines = new LineSplitter();
        let bytes = 0;
        for await (const chunk of readText(state, position, position + SAMPLE_BYTES)) {
          lines.push(chunk);
          bytes += chunk.length;
        }
        const unread = state.size - position;
        const events = bytes >= unread ? lines.size : Math.round((lines.size * unread) / bytes);
        const since = events === 0 ? undefined : (place?.updatedAt ?? state.madeAt);
        return { ...lag, events, since };
      });
    }),
  );
}

async function isSame(state: FileState, read: ReadText, isWhole: boolean): Promise<boolean> {
  return isWhole ? (await sameBeginning(state, read)) !== undefined : mayContinue(state, read);
}

/** @param isWhole a last line without its newline is one */
async function count(text: AsyncIterable<Buffer>, isWhole: boolean): Promise<Lines> {
  const splitter = new LineSplitter(LINE_BYTES);
  const counted = { events: 0n, lines: 0n };
  const add = (): void => {
    const block = splitter.take();
    counted.events += BigInt(block.lines.length);
    counted.lines += BigInt(block.count);
  };
  for await (const chunk of text) {
    splitter.push(chunk);
    add();
  }
  if (isWhole) {
    splitter.end();
    add();
  }
  return counted;
}

async function unlessGone<T>(file: string, otherwise: T, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') {
      return otherwise;
    }
    throw inputError(error, file);
  }
}
