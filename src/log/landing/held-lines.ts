import path from 'node:path';
import { codeOf } from '../../errors.ts';
import { sameBeginning, type ReadText } from './digest.ts';
import { inputError } from './file-partition.ts';
import { LineSplitter } from './lines.ts';
import { landingFiles } from './reader.ts';
import { fileState, hasFingerprint, readText, type FileState } from './text.ts';
import { landingTopic, partitionFile } from './writer.ts';

/** Lines of a file, those that hold something and all of them, on both sides of a place in it. */
export interface HeldLines {
  /** Undefined where only what comes after was asked for. */
  readonly before: { readonly events: bigint; readonly lines: bigint } | undefined;
  readonly after: { readonly events: bigint };
  /** The file has another text than was read: all of it comes after. */
  readonly isReplaced: boolean;
}

export interface CountOptions {
  /** The file may go on: a last line without its newline is not one yet. */
  readonly grows: boolean;
  /** Count the lines after the place only, which spares reading the rest; the file is known by its first line then. */
  readonly onlyAfter: boolean;
}

/** Nothing longer is needed of a line than whether it holds something. */
const LINE_BYTES = 64 * 1024;

const FILE_TOPIC = 'file:';
const LANDING_TOPIC = landingTopic('');

/** The file that bronze has under this name; undefined for what is no file. */
export function fileOfPartition(
  home: string,
  topic: string,
  partition: number,
): { readonly path: string; readonly grows: boolean } | undefined {
  if (topic.startsWith(FILE_TOPIC)) {
    return { path: topic.slice(FILE_TOPIC.length), grows: false };
  }
  if (topic.startsWith(LANDING_TOPIC)) {
    const directory = path.join(home, 'landing');
    const file = partitionFile(directory, topic.slice(LANDING_TOPIC.length), partition);
    return { path: file, grows: true };
  }
  return undefined;
}

/** The partitions of a landing topic, as bronze names them. */
export async function landingPartitionNames(
  home: string,
  topic: string,
): Promise<{ readonly topic: string; readonly partition: number }[]> {
  return (await landingFiles(home, topic)).map(({ partition }) => ({
    topic: landingTopic(topic),
    partition,
  }));
}

/**
 * Counts a file's lines before and after the place up to which it was read.
 * @param read undefined: it was never read
 * @returns undefined where the file is gone
 * @throws MedallionError input
 */
export async function countHeldLines(
  file: string,
  read: ReadText | undefined,
  { grows, onlyAfter }: CountOptions,
): Promise<HeldLines | undefined> {
  try {
    const state = await fileState(file);
    const isReplaced = read !== undefined && !(await isSame(state, read, onlyAfter));
    const position = isReplaced ? 0 : (read?.position ?? 0);
    const before = new LineSplitter(LINE_BYTES);
    const after = new LineSplitter(LINE_BYTES);
    const counts = { before: { events: 0n, lines: 0n }, after: { events: 0n, lines: 0n } };
    const start = onlyAfter ? position : 0;
    let left = position - start;
    for await (const chunk of readText(state, start)) {
      const head = chunk.subarray(0, left);
      left -= head.length;
      before.push(head);
      add(counts.before, before);
      after.push(chunk.subarray(head.length));
      add(counts.after, after);
    }
    before.end();
    add(counts.before, before);
    if (!grows) {
      after.end();
      add(counts.after, after);
    }
    return { ...counts, before: onlyAfter ? undefined : counts.before, isReplaced };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') {
      return undefined;
    }
    throw inputError(error, file);
  }
}

async function isSame(state: FileState, read: ReadText, onlyAfter: boolean): Promise<boolean> {
  return onlyAfter
    ? hasFingerprint(state, read.source)
    : (await sameBeginning(state, read)) !== undefined;
}

function add(count: { events: bigint; lines: bigint }, splitter: LineSplitter): void {
  const block = splitter.take();
  count.events += BigInt(block.lines.length);
  count.lines += BigInt(block.count);
}
