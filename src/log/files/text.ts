import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable, pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { csvLines, type CsvReading } from './csv.ts';
import { codeOf, MedallionError, messageOf } from '../../errors.ts';

/** Bytes of one read. */
const CHUNK = 1 << 20;
/** How much of a text's first line its fingerprint takes in, at most. */
const FINGERPRINT_BYTES = 64 * 1024;
const NEWLINE = 0x0a;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** What a file is at this moment. */
export interface FileState {
  readonly path: string;
  readonly isZipped: boolean;
  /** Bytes on disk. */
  readonly size: number;
  /** When it was made, or where the file system does not know, last changed; Unix milliseconds. */
  readonly madeAt: number;
  /** Another file of the same name has another one. */
  readonly inode: string;
  /** Changes when the file does. */
  readonly version: string;
  /** It holds rows of CSV: its text are the lines of their orders. */
  readonly csv: CsvReading | undefined;
}

/** Whether the bytes of the file's text are those on disk. */
function isPlain({ isZipped: isGzip, csv }: FileState): boolean {
  return !isGzip && csv === undefined;
}

/** How every gzip file begins: two magic bytes, and deflate, the only method there is. */
const GZIP = Buffer.from([0x1f, 0x8b, 0x08]);

function isZipped(head: Buffer): boolean {
  return head.subarray(0, GZIP.length).equals(GZIP);
}

export async function fileState(path: string, csv?: CsvReading): Promise<FileState> {
  const file = await open(path);
  try {
    const stat = await file.stat();
    const inode = `${stat.dev}:${stat.ino}`;
    const head = Buffer.alloc(GZIP.length);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    return {
      path,
      isZipped: isZipped(head.subarray(0, bytesRead)),
      size: stat.size,
      madeAt: stat.birthtimeMs > 0 ? stat.birthtimeMs : stat.mtimeMs,
      inode,
      version: `${inode}:${stat.size}:${stat.mtimeMs}`,
      csv,
    };
  } finally {
    await file.close();
  }
}

/**
 * The file's text from byte `from` on, unzipped if it is zipped, up to the size that the file has in `state`. A plain
 * file is read from there; a zipped one, and one of CSV, from its beginning.
 * @param to up to, not including, this byte
 * @throws MedallionError input, when the gzip data is cut off or damaged
 */
export async function* readText(
  state: FileState,
  from: number,
  to = Number.POSITIVE_INFINITY,
): AsyncGenerator<Buffer> {
  const end = isPlain(state) ? Math.min(to, state.size) : to;
  if (from >= end) {
    return;
  }
  if (isPlain(state)) {
    const options = { highWaterMark: CHUNK, start: from, end: end - 1 };
    yield* createReadStream(state.path, options) as AsyncIterable<Buffer>;
  } else {
    const text = wholeText(state);
    yield* slice(state.csv === undefined ? text : csvLines(text, state.csv, state.path), from, to);
  }
}

async function* wholeText({ path, size, isZipped: isGzip }: FileState): AsyncGenerator<Buffer> {
  if (size > 0) {
    const file = createReadStream(path, { highWaterMark: CHUNK, end: size - 1 });
    yield* isGzip ? unzip(file, path) : (file as AsyncIterable<Buffer>);
  }
}

/** The text of a stream, unzipped if it is zipped. */
export async function* streamText(stream: Readable, name: string): AsyncGenerator<Buffer> {
  const chunks: AsyncIterator<Buffer, undefined> = stream[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  while (head.length < GZIP.length && GZIP.subarray(0, head.length).equals(head)) {
    const { value, done } = await chunks.next();
    if (done === true) {
      break;
    }
    head = Buffer.concat([head, value]);
  }
  const whole = (async function* () {
    yield head;
    yield* { [Symbol.asyncIterator]: () => chunks };
  })();
  yield* isZipped(head) ? unzip(Readable.from(whole), name) : whole;
}

async function* unzip(zipped: Readable, name: string): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: CHUNK });
  // The error comes out of the iteration below as well.
  pipeline(zipped, gunzip, () => undefined);
  try {
    yield* gunzip as AsyncIterable<Buffer>;
  } catch (error) {
    throw gzipError(error, name);
  }
}

function gzipError(error: unknown, name: string): unknown {
  const code = codeOf(error) ?? '';
  if (code === 'Z_BUF_ERROR') {
    return new MedallionError('input', `${name} is incomplete: its gzip data has no end`, {
      hint: 'The complete lines before the cut were read. Run the command again when the file is complete.',
      cause: error,
    });
  }
  if (code.startsWith('Z_')) {
    return new MedallionError('input', `${name} is damaged: ${messageOf(error)}`, {
      hint: 'The lines before the damage were read. Check the file with gzip -t.',
      cause: error,
    });
  }
  return error;
}

async function* slice(
  text: AsyncIterable<Buffer>,
  from: number,
  to: number,
): AsyncGenerator<Buffer> {
  let at = 0;
  for await (const chunk of text) {
    const part = chunk.subarray(Math.max(0, from - at), Math.max(0, to - at));
    at += chunk.length;
    if (part.length > 0) {
      yield part;
    }
    if (at >= to) {
      return;
    }
  }
}

/** What tells a text from another one of the same name. */
export interface Fingerprint {
  /** "sha256:<digest>:<bytes>", of the first line or its first 64 KiB. */
  readonly source: string;
  /** Where the first line begins: after the byte order mark, if there is one. */
  readonly start: number;
}

/** The fingerprint of the file's text; undefined while it is empty. */
export async function fingerprint(state: FileState): Promise<Fingerprint | undefined> {
  const head = await readBytes(state, 0, FINGERPRINT_BYTES);
  if (head.length === 0) {
    return undefined;
  }
  const newline = head.indexOf(NEWLINE);
  const line = newline === -1 ? head : head.subarray(0, newline + 1);
  const hasMark = head.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK);
  return { source: sourceOf(line), start: hasMark ? BYTE_ORDER_MARK.length : 0 };
}

/** Whether the file's text begins as the one did that was given this fingerprint; its first line may have grown. */
export async function hasFingerprint(state: FileState, source: string): Promise<boolean> {
  const bytes = Number(source.split(':').at(-1));
  const head = await readBytes(state, 0, bytes);
  return head.length === bytes && sourceOf(head) === source;
}

/** Whether the file may still begin with what was read of it, as far as its first line and its length show. */
export async function mayContinue(
  state: FileState,
  { source, position }: { readonly source: string; readonly position: number },
): Promise<boolean> {
  return (!isPlain(state) || state.size >= position) && (await hasFingerprint(state, source));
}

function sourceOf(beginning: Buffer): string {
  const digest = createHash('sha256').update(beginning).digest('hex');
  return `sha256:${digest}:${beginning.length}`;
}

/** So many bytes of the file's text from a place on; fewer where it ends before. */
export async function readBytes(state: FileState, from: number, count: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of readText(state, from, from + count)) {
    parts.push(part);
  }
  return Buffer.concat(parts);
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is not a folder',
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
