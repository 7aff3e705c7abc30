import { createHash } from 'node:crypto';
import { hasFingerprint, readText, type FileState } from './text.ts';

const ALGORITHM = 'sha256';
const NEWLINE = 0x0a;

/** What is stored of a text that was read up to a byte. */
export interface ReadText {
  /** Fingerprint of its first line. */
  readonly source: string;
  /** Bytes that were read. */
  readonly position: number;
  /** Digest of these bytes; undefined where an older version read them. */
  readonly digest?: string | undefined;
}

/** The digest of a text's beginning, up to the end of its last whole line. It goes on as the text is read. */
export class TextDigest {
  /** Of every byte. */
  #all = createHash(ALGORITHM);
  /** Of the whole lines. */
  #lines = this.#all.copy();
  #length = 0;
  #end = 0;

  /** Bytes that the digest covers. */
  get end(): number {
    return this.#end;
  }

  /** "sha256:<digest>". */
  get value(): string {
    return `${ALGORITHM}:${this.#lines.copy().digest('hex')}`;
  }

  push(chunk: Buffer): void {
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    this.#all.update(chunk.subarray(0, end));
    if (end > 0) {
      this.#lines = this.#all.copy();
      this.#end = this.#length + end;
    }
    this.#all.update(chunk.subarray(end));
    this.#length += chunk.length;
  }

  /** Covers what follows the last newline, too. */
  close(): void {
    this.#lines = this.#all.copy();
    this.#end = this.#length;
  }

  /** A digest of its own that goes on at `end`. */
  fork(): TextDigest {
    const fork = new TextDigest();
    fork.#all = this.#lines.copy();
    fork.#lines = this.#lines.copy();
    fork.#length = fork.#end = this.#end;
    return fork;
  }
}

/**
 * The digest of the file's text up to byte `position`; undefined where the text is shorter.
 * @param known of the same text, to go on from
 * @throws the signal's reason
 */
export async function digestUpTo(
  state: FileState,
  position: number,
  {
    signal,
    known,
  }: { readonly signal?: AbortSignal; readonly known?: TextDigest | undefined } = {},
): Promise<TextDigest | undefined> {
  const digest = known !== undefined && known.end <= position ? known.fork() : new TextDigest();
  for await (const chunk of readText(state, digest.end, position)) {
    signal?.throwIfAborted();
    digest.push(chunk);
  }
  digest.close();
  return digest.end < position ? undefined : digest;
}

/**
 * Whether the file's text still begins with what was read of it: its digest up to there, or undefined where the file was
 * replaced, rewritten or cut. What an older version read is known by its first line alone.
 * @throws the signal's reason
 */
export async function sameBeginning(
  state: FileState,
  read: ReadText,
  options: Parameters<typeof digestUpTo>[2] = {},
): Promise<TextDigest | undefined> {
  if (!(await hasFingerprint(state, read.source))) {
    return undefined;
  }
  const found = await digestUpTo(state, read.position, options);
  return read.digest === undefined || read.digest === found?.value ? found : undefined;
}
