import { isUtf8 } from 'node:buffer';
import { MedallionError } from '../../errors.ts';
import { counted } from '../../number.ts';
import { LINES, REJECTED, ROWS, type CsvForm } from '../../source/mapping.ts';
import { inUtf8 } from './csv-encoding.ts';
import { RowCutter, type Row } from './csv-rows.ts';

/** How a file of CSV is read. */
export interface CsvReading {
  readonly form: CsvForm;
  /** The file may go on: the last order waits for the first row of the next one. */
  readonly grows: boolean;
}

const MOST_ORDER_BYTES = 64 << 20;
const OUTPUT_BYTES = 256 << 10;
const MOST_SHOWN = 200;
/** A number with a decimal comma, and one with a point. */
const COMMA_DECIMAL = /^([+-]?\d+),(\d+)$/;
const POINT_DECIMAL = /^[+-]?\d*\.\d+$/;

/**
 * The orders of a CSV text as lines of JSON: one line for the adjacent rows of each, and a blank one for every further line
 * of the CSV, so that lines have the same numbers here and there. The same bytes always give the same text, also where
 * more follow them: what is stored of it holds when the file has grown.
 *
 * An order that comes back later, or has a row that cannot be read, comes as {"<group_by>", "rejected", "lines"}, without
 * rows.
 * @throws MedallionError input, where the columns are not what the source says
 */
export async function* csvLines(
  text: AsyncIterable<Buffer>,
  { form, grows }: CsvReading,
  name: string,
): AsyncGenerator<Buffer> {
  const orders = new Orders(form, name);
  const rows = new RowCutter(form.delimiter, name);
  for await (const chunk of inUtf8(text, form.encoding, name)) {
    rows.push(chunk);
    for (let row = rows.next(false); row !== undefined; row = rows.next(false)) {
      orders.add(row);
      if (orders.size >= OUTPUT_BYTES) {
        yield orders.take();
      }
    }
  }
  if (!grows) {
    for (let row = rows.next(true); row !== undefined; row = rows.next(true)) {
      orders.add(row);
    }
    orders.end();
  }
  if (orders.size > 0) {
    yield orders.take();
  }
}

/** Puts rows together to orders, and writes them as lines. */
class Orders {
  readonly #form: CsvForm;
  readonly #name: string;
  /** Each column's name as JSON, with its colon. */
  #names: readonly string[] = [];
  #columns: readonly string[] | undefined;
  #key = 0;
  /** The line of the next row, from 1. */
  #line = 1;
  #order: Order | undefined;
  /** The row before could not be read, and may be the first one of the next order. */
  #isNextDoubtful: string | undefined;
  /** The line at which each order began. */
  readonly #seen = new Map<string, number>();
  #output: string[] = [];
  #size = 0;

  constructor(form: CsvForm, name: string) {
    this.#form = form;
    this.#name = name;
    if (form.header !== true) {
      this.#setColumns(form.header);
    }
  }

  /** Characters that are written and not taken. */
  get size(): number {
    return this.#size;
  }

  take(): Buffer {
    const text = Buffer.from(this.#output.join(''));
    this.#output = [];
    this.#size = 0;
    return text;
  }

  add(row: Row): void {
    const line = this.#line;
    this.#line += row.lines;
    if (row.cells?.length === 1 && row.cells[0]?.trim() === '') {
      this.#pass(row);
      return;
    }
    if (this.#columns === undefined) {
      if (row.cells === undefined) {
        throw this.#error(`the header line cannot be read: ${row.problem ?? ''}`);
      }
      this.#setColumns(row.cells.map((cell) => cell.trim()));
      this.#pass(row);
      return;
    }
    const { cells } = row;
    const problem = row.problem ?? this.#problemOf(cells ?? []);
    // What is left of the key a stray delimiter may have moved.
    const key = problem === undefined || this.#key === 0 ? cells?.[this.#key]?.trim() : undefined;
    if (key !== undefined && key !== this.#order?.key) {
      this.end();
      this.#order = orderOf(key, line, this.#isNextDoubtful);
    }
    const order = (this.#order ??= orderOf(undefined, line));
    this.#isNextDoubtful = undefined;
    order.raw.push(row.raw);
    order.bytes += row.raw.length;
    order.lines += row.lines;
    if (order.bytes > MOST_ORDER_BYTES) {
      throw this.#error(`the order at line ${order.line} has more than 64 MiB of rows`);
    }
    if (problem !== undefined) {
      const text = `line ${line}: ${problem}`;
      order.problem ??= text;
      this.#isNextDoubtful = key === undefined ? text : undefined;
    } else if (cells !== undefined) {
      order.rows.push(this.#json(cells));
    }
  }

  /** The order in hand is whole. */
  end(): void {
    const order = this.#order;
    this.#order = undefined;
    if (order === undefined) {
      return;
    }
    const { key, line, lines, rows, problem } = order;
    const before = key === undefined ? undefined : this.#seen.get(key);
    const first = key === undefined ? '' : `${this.#names[this.#key] ?? ''}${JSON.stringify(key)},`;
    if (before !== undefined || problem !== undefined) {
      const rejected =
        problem === undefined
          ? {
              reason: 'split_order',
              detail: `line ${line}: the order has rows elsewhere, from line ${before} on`,
            }
          : { reason: 'undecodable', detail: problem };
      this.#write(
        `{${first}"${REJECTED}":${JSON.stringify(rejected)},"${LINES}":${linesOf(order.raw)}}`,
      );
    } else {
      this.#write(`{${first}"${ROWS}":[${rows.join()}]}`);
    }
    if (key !== undefined && before === undefined) {
      this.#seen.set(key, line);
    }
    this.#write('\n'.repeat(lines));
  }

  /** A line that holds no row. */
  #pass({ lines }: Row): void {
    if (this.#order === undefined) {
      this.#write('\n'.repeat(lines));
    } else {
      this.#order.lines += lines;
    }
  }

  #write(text: string): void {
    this.#output.push(text);
    this.#size += text.length;
  }

  #json(cells: readonly string[]): string {
    const members = cells.map((cell, index) => {
      const isNumber = this.#form.decimalComma.has(this.#columns?.[index] ?? '');
      const value = isNumber ? cell.trim().replace(COMMA_DECIMAL, '$1.$2') : cell;
      return `${this.#names[index] ?? ''}${JSON.stringify(value)}`;
    });
    return `{${members.join()}}`;
  }

  #problemOf(cells: readonly string[]): string | undefined {
    const columns = this.#columns ?? [];
    if (cells.length !== columns.length) {
      return `${counted(cells.length, 'value')}, but the header has ${columns.length} columns`;
    }
    const odd = [...this.#form.decimalComma].find((column) =>
      POINT_DECIMAL.test(cells[columns.indexOf(column)]?.trim() ?? ''),
    );
    return odd === undefined
      ? undefined
      : `${odd} is ${JSON.stringify(cells[columns.indexOf(odd)])}, but the source says decimal: ','`;
  }

  #setColumns(columns: readonly string[]): void {
    const { groupBy, delimiter } = this.#form;
    const twice = columns.find((column, index) => columns.indexOf(column) !== index);
    if (twice !== undefined) {
      throw this.#error(`the header has the column "${twice.slice(0, MOST_SHOWN)}" twice`);
    }
    this.#key = columns.indexOf(groupBy);
    if (this.#key === -1) {
      const shown = columns.join(', ').slice(0, MOST_SHOWN);
      throw this.#error(
        `the header has no column ${groupBy}: it is ${JSON.stringify(shown)}, split at ${JSON.stringify(delimiter)}`,
      );
    }
    this.#columns = columns;
    this.#names = columns.map((column) => `${JSON.stringify(column)}:`);
  }

  #error(problem: string): MedallionError {
    return new MedallionError('input', `${this.#name}: ${problem}`, {
      hint: 'None of it was read. Make the source fit the file: group_by, and format: { csv: { delimiter, encoding, header } }.',
    });
  }
}

interface Order {
  /** Undefined: of rows that cannot be read. */
  readonly key: string | undefined;
  /** Where it begins. */
  readonly line: number;
  readonly rows: string[];
  readonly raw: Buffer[];
  bytes: number;
  lines: number;
  problem: string | undefined;
}

function orderOf(key: string | undefined, line: number, problem?: string): Order {
  return { key, line, rows: [], raw: [], bytes: 0, lines: 0, problem };
}

/** The lines of an order as JSON: text, or base64 of what is none. */
function linesOf(raw: readonly Buffer[]): string {
  const bytes = Buffer.concat(raw);
  return JSON.stringify(isUtf8(bytes) ? bytes.toString() : { base64: bytes.toString('base64') });
}
