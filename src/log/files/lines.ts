/** A line that holds something, without its newline. */
export interface Line {
  /** Its place among the block's lines, blank ones counted. */
  readonly index: number;
  /** Where the next line begins, in bytes from the block's beginning. */
  readonly end: number;
  readonly value: Buffer;
  /** Length of the whole line, where `value` is only its beginning. */
  readonly fullLength?: number;
}

/** Consecutive lines of a text. Blank ones are passed, but they count. */
export interface LineBlock {
  readonly lines: readonly Line[];
  /** Lines passed, blank ones included. */
  readonly count: number;
  /** Bytes passed, newlines included. */
  readonly bytes: number;
  /** More lines had ended than were taken. */
  readonly isCut: boolean;
}

const NEWLINE = 0x0a;
const TAB = 0x09;
const RETURN = 0x0d;
const SPACE = 0x20;

/** Holds nothing but JSON's white space; the line feed is the line's end. */
export function isBlank(text: Buffer): boolean {
  for (const byte of text) {
    if (byte !== SPACE && byte !== TAB && byte !== RETURN) {
      return false;
    }
  }
  return true;
}

/**
 * Cuts chunks of a text into lines, as bytes: lines are views of the chunks, and only one that lies across chunks is
 * copied. A line longer than `maxLineBytes` keeps only that many bytes, however long it is.
 */
export class LineSplitter {
  readonly #maxLineBytes: number;
  #lines: Line[] = [];
  #count = 0;
  #bytes = 0;
  /** The beginning of the line that has not ended yet, and its length so far. */
  #partial: Buffer[] = [];
  #partialLength = 0;

  constructor(maxLineBytes = Number.POSITIVE_INFINITY) {
    this.#maxLineBytes = maxLineBytes;
  }

  /** Bytes of the ended lines that nobody has taken. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Lines that hold something and that nobody has taken. */
  get size(): number {
    return this.#lines.length;
  }

  push(chunk: Buffer): void {
    let start = 0;
    for (
      let newline = chunk.indexOf(NEWLINE);
      newline !== -1;
      newline = chunk.indexOf(NEWLINE, start)
    ) {
      if (this.#partialLength === 0) {
        this.#add(chunk.subarray(start, newline), newline - start, 1);
      } else {
        this.#extend(chunk.subarray(start, newline));
        this.#addPartial(1);
      }
      start = newline + 1;
    }
    if (start < chunk.length) {
      this.#extend(chunk.subarray(start));
    }
  }

  /** The text has ended: what follows its last newline is a line too. */
  end(): void {
    if (this.#partialLength > 0) {
      this.#addPartial(0);
    }
  }

  /** The lines since the last call: all of them, or the first ones up to `limit` that hold something. */
  take(limit = Number.POSITIVE_INFINITY): LineBlock {
    const block = { lines: this.#lines, count: this.#count, bytes: this.#bytes, isCut: false };
    this.#lines = [];
    this.#count = 0;
    this.#bytes = 0;
    if (block.lines.length <= limit) {
      return block;
    }
    const lines = block.lines.slice(0, limit);
    const last = lines.at(-1);
    const count = last === undefined ? 0 : last.index + 1;
    return { lines, count, bytes: last?.end ?? 0, isCut: true };
  }

  #extend(part: Buffer): void {
    const room = this.#maxLineBytes - this.#partialLength;
    if (room > 0) {
      this.#partial.push(part.length > room ? part.subarray(0, room) : part);
    }
    this.#partialLength += part.length;
  }

  #addPartial(newline: 0 | 1): void {
    const [first] = this.#partial;
    const isOne = first !== undefined && this.#partial.length === 1;
    const value = isOne ? first : Buffer.concat(this.#partial);
    const length = this.#partialLength;
    this.#partial = [];
    this.#partialLength = 0;
    this.#add(value, length, newline);
  }

  #add(value: Buffer, length: number, newline: 0 | 1): void {
    this.#bytes += length + newline;
    const index = this.#count;
    this.#count += 1;
    if (length > this.#maxLineBytes) {
      const beginning = value.subarray(0, this.#maxLineBytes);
      this.#lines.push({ index, end: this.#bytes, value: beginning, fullLength: length });
    } else if (!isBlank(value)) {
      this.#lines.push({ index, end: this.#bytes, value });
    }
  }
}
