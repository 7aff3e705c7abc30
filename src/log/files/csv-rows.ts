import { isUtf8 } from 'node:buffer';
import { MedallionError } from '../../errors.ts';

/** A row, or what is wrong with it. */
export interface Row {
  readonly cells: readonly string[] | undefined;
  readonly problem: string | undefined;
  /** Its bytes, line ends included. */
  readonly raw: Buffer;
  /** Lines that it takes: a quoted cell may hold line ends. */
  readonly lines: number;
}

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const QUOTE = 0x22;
/** A row is shorter: a quote that is still open then is a stray one. */
const MOST_ROW_BYTES = 1 << 20;

/** Where the cutter is in a row. */
const CELL_START = 0;
const PLAIN = 1;
const QUOTED = 2;
/** Behind a quote in a quoted cell, which ends it unless another one follows. */
const CLOSED = 3;
type At = typeof CELL_START | typeof PLAIN | typeof QUOTED | typeof CLOSED;

/** Cuts bytes into rows and cells, as RFC 4180 has them; lines may end in a line feed alone. */
export class RowCutter {
  readonly #name: string;
  readonly #delimiter: string;
  readonly #delimiterByte: number;
  #rest: Buffer = Buffer.alloc(0);
  /** Where the row in hand begins, and how far it was looked at. */
  #start = 0;
  #next = 0;
  #at: At = CELL_START;
  #problem: string | undefined;
  #hasQuote = false;
  #lines = 0;
  /** Behind the row's first line end. */
  #firstEnd: number | undefined;

  constructor(delimiter: string, name: string) {
    this.#name = name;
    this.#delimiter = delimiter;
    this.#delimiterByte = delimiter.charCodeAt(0);
  }

  push(chunk: Buffer): void {
    this.#rest =
      this.#start === this.#rest.length
        ? chunk
        : Buffer.concat([this.#rest.subarray(this.#start), chunk]);
    this.#next -= this.#start;
    this.#firstEnd = this.#firstEnd === undefined ? undefined : this.#firstEnd - this.#start;
    this.#start = 0;
  }

  /**
   * The next row that is whole.
   * @param ended nothing follows what was pushed
   */
  next(ended: boolean): Row | undefined {
    const bytes = this.#rest;
    while (this.#next < bytes.length) {
      const byte = bytes[this.#next];
      this.#next += 1;
      if (byte === NEWLINE) {
        this.#lines += 1;
        this.#firstEnd ??= this.#next;
        if (this.#at !== QUOTED) {
          return this.#row(this.#next, this.#lines);
        }
      }
      this.#step(byte);
      if (this.#next - this.#start > MOST_ROW_BYTES) {
        if (this.#firstEnd === undefined) {
          throw new MedallionError('input', `${this.#name}: a row of more than 1 MiB`, {
            hint: 'Check that it is a CSV file, in the encoding that its source names.',
          });
        }
        return this.#strayQuote();
      }
    }
    if (!ended || this.#start === bytes.length) {
      return undefined;
    }
    return this.#at === QUOTED ? this.#strayQuote() : this.#row(bytes.length, this.#lines + 1);
  }

  #step(byte: number | undefined): void {
    switch (this.#at) {
      case CELL_START:
      case PLAIN:
        if (byte === this.#delimiterByte) {
          this.#at = CELL_START;
        } else if (byte === QUOTE && this.#at === CELL_START) {
          this.#hasQuote = true;
          this.#at = QUOTED;
        } else {
          this.#at = PLAIN;
        }
        break;
      case QUOTED:
        this.#at = byte === QUOTE ? CLOSED : QUOTED;
        break;
      case CLOSED:
        if (byte === QUOTE) {
          this.#at = QUOTED;
        } else if (byte === this.#delimiterByte) {
          this.#at = CELL_START;
        } else if (byte !== RETURN) {
          this.#problem = 'text after a closing quote';
          this.#at = PLAIN;
        }
        break;
    }
  }

  /** The row's first line alone: its quote is never closed. */
  #strayQuote(): Row {
    this.#problem = 'a quote that is not closed';
    return this.#row(this.#firstEnd ?? this.#rest.length, 1);
  }

  #row(end: number, lines: number): Row {
    const raw = this.#rest.subarray(this.#start, end);
    const problem = this.#problem ?? (isUtf8(raw) ? undefined : 'bytes that are not UTF-8');
    const text = problem === undefined ? raw.toString().replace(/\r?\n$/, '') : '';
    const cells =
      problem !== undefined
        ? undefined
        : this.#hasQuote
          ? cellsOf(text, this.#delimiter)
          : text.split(this.#delimiter);
    this.#start = end;
    this.#next = end;
    this.#at = CELL_START;
    this.#problem = undefined;
    this.#hasQuote = false;
    this.#lines = 0;
    this.#firstEnd = undefined;
    return { cells, problem, raw, lines };
  }
}

/** The cells of a row whose quotes are in order. */
function cellsOf(text: string, delimiter: string): string[] {
  const cells: string[] = [];
  for (let at = 0; ; at += 1) {
    if (text[at] === '"') {
      let cell = '';
      for (;;) {
        const quote = text.indexOf('"', at + 1);
        cell += text.slice(at + 1, quote);
        at = quote + 1;
        if (text[at] !== '"') {
          break;
        }
        cell += '"';
      }
      cells.push(cell);
    } else {
      const end = text.indexOf(delimiter, at);
      cells.push(text.slice(at, end === -1 ? undefined : end));
      at = end === -1 ? text.length : end;
    }
    if (at >= text.length) {
      return cells;
    }
  }
}
