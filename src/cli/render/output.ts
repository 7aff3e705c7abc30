import type {
  ColumnKind,
  ResultColumn,
  ResultTable,
  Row,
  ScalarKind,
} from '../../postgres/query.ts';
import { parseArray, type ArrayElement } from './array.ts';
import { escapeFormula } from '../../formulas.ts';
import { grouped } from '../../number.ts';
import { rowLines } from './rows.ts';
import { visible } from './text.ts';

export const OUTPUT_FORMATS = ['table', 'json', 'csv', 'markdown'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** What a format may have to know besides the rows. */
export interface Layout {
  /** Of the page which a table has to fit. */
  readonly width?: number;
  /** Whether no text of a CSV file may be taken for a formula. */
  readonly escapeFormulas?: boolean;
}

/** Turns rows into text piece by piece; `end` gives what can only be known, or closed, after the last row. */
interface RowWriter {
  add(rows: readonly Row[]): string;
  end(): Iterable<string>;
}

const WRITERS: Readonly<
  Record<OutputFormat, (columns: readonly ResultColumn[], layout: Layout) => RowWriter>
> = {
  table: tableWriter,
  json: jsonWriter,
  csv: csvWriter,
  markdown: markdownWriter,
};

/** The rows in the format asked for, with a final newline. */
export function renderTable(
  { columns, rows }: ResultTable,
  format: OutputFormat,
  layout: Layout = {},
): string {
  const writer = WRITERS[format](columns, layout);
  return [writer.add(rows), ...writer.end()].join('');
}

/**
 * The same text in pieces, as the rows come. Only `table`, which has to know the widest cell, keeps the rows.
 */
export async function* renderRows(
  columns: readonly ResultColumn[],
  batches: AsyncIterable<readonly Row[]> | Iterable<readonly Row[]>,
  format: OutputFormat,
  layout: Layout = {},
): AsyncGenerator<string> {
  const writer = WRITERS[format](columns, layout);
  for await (const rows of batches) {
    yield writer.add(rows);
  }
  yield* writer.end();
}

const PIECE_LINES = 1_000;

/** For people: aligned columns, numbers to the right, nothing that a terminal would act on. */
function tableWriter(columns: readonly ResultColumn[], { width = Infinity }: Layout): RowWriter {
  const cells: string[][] = [];
  const shown = (cell: string | null, column: number): string => {
    const { kind = 'text', isQuantity = false } = columns[column] ?? {};
    const text = personText(cell, kind);
    return visible(isQuantity ? grouped(text) : text, { lines: true });
  };
  return {
    add(rows) {
      for (const row of rows) {
        cells.push(row.map(shown));
      }
      return '';
    },
    *end() {
      if (columns.length === 0) {
        return;
      }
      const heads = columns.map(({ name, kind }) => ({
        title: visible(name),
        align: kind === 'number' ? ('right' as const) : ('left' as const),
      }));
      let lines: string[] = [];
      for (const line of rowLines(heads, cells, width)) {
        lines.push(line);
        if (lines.length === PIECE_LINES) {
          yield `${lines.join('\n')}\n`;
          lines = [];
        }
      }
      if (cells.length === 0) {
        lines.push('(no rows)');
      }
      yield lines.map((line) => `${line}\n`).join('');
    },
  };
}

/** An array of objects; numbers as JSON numbers of full precision, written digit for digit. */
function jsonWriter(columns: readonly ResultColumn[]): RowWriter {
  const names = distinctNames(columns).map((name) => escapeControls(JSON.stringify(name)));
  let opened = false;
  return {
    add(rows) {
      const objects = rows.map((row) => {
        const members = columns.map(
          ({ kind }, index) => `${names[index] ?? ''}: ${jsonValue(row[index] ?? null, kind)}`,
        );
        return `  {${members.join(', ')}}`;
      });
      const before = opened ? ',\n' : '[\n';
      opened ||= objects.length > 0;
      return objects.length === 0 ? '' : before + objects.join(',\n');
    },
    end: () => [opened ? '\n]\n' : '[]\n'],
  };
}

/** RFC 4180 with \n line ends. As COPY does it, null is nothing and an empty string is a pair of quotes. */
function csvWriter(
  columns: readonly ResultColumn[],
  { escapeFormulas = false }: Layout,
): RowWriter {
  const field = (given: string, kind: ColumnKind = 'text'): string => {
    const text = escapeFormulas && kind === 'text' ? escapeFormula(given) : given;
    return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const line = (fields: readonly string[]): string => `${fields.join(',')}\n`;
  return lineWriter(columns, line(columns.map(({ name }) => field(name))), (row) =>
    line(
      columns.map(({ kind }, index) => {
        const cell = row[index] ?? null;
        return cell === null ? '' : field(programText(cell, kind), kind);
      }),
    ),
  );
}

/** GitHub's tables: for people, so as safe as the table, with what Markdown would read as markup escaped. */
function markdownWriter(columns: readonly ResultColumn[]): RowWriter {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
  const titles = line(columns.map(({ name }) => markdownText(name)));
  const rule = line(columns.map(({ kind }) => (kind === 'number' ? '---:' : '---')));
  return lineWriter(columns, titles + rule, (row) =>
    line(columns.map(({ kind }, index) => markdownText(personText(row[index] ?? null, kind)))),
  );
}

/** One line a row under a head, which stands there without rows too; nothing at all for an answer without columns. */
function lineWriter(
  columns: readonly ResultColumn[],
  head: string,
  line: (row: Row) => string,
): RowWriter {
  let due = columns.length === 0 ? '' : head;
  const takeHead = (): string => {
    const text = due;
    due = '';
    return text;
  };
  return {
    add: (rows) => (columns.length === 0 ? '' : takeHead() + rows.map(line).join('')),
    end: () => [takeHead()],
  };
}

/** Text that Markdown shows as it is, on one line. */
export function markdownText(text: string): string {
  return visible(text, { lines: true })
    .replaceAll(/[\\|`*~<>[\]]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '\\$&')
    .replaceAll('\n', '<br>');
}

/** A cell as people like to read it. */
function personText(cell: string | null, kind: ColumnKind): string {
  return kind === 'boolean' && cell !== null ? booleanText(cell) : (cell ?? '');
}

/** A cell as programs like to read it: times in ISO 8601. */
function programText(cell: string, kind: ColumnKind): string {
  switch (kind) {
    case 'boolean':
      return booleanText(cell);
    case 'timestamp':
      return isoTimestamp(cell);
    default:
      return cell;
  }
}

function booleanText(cell: string): string {
  return cell === 't' || cell === 'true' ? 'true' : 'false';
}

/** PostgreSQL's "2026-01-03 22:12:43.5+00" with T and Z; what ISO 8601 cannot say (infinity, BC) stays as it is. */
export function isoTimestamp(cell: string): string {
  const [, day, time, zone] =
    /^(\d{4,}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)([+-]\d\d(?::\d\d)*)?$/.exec(cell) ?? [];
  if (day === undefined || time === undefined) {
    return cell;
  }
  const offset =
    zone === undefined || /^[+-]00$/.test(zone)
      ? zone && 'Z'
      : /:/.test(zone)
        ? zone
        : `${zone}:00`;
  return `${day}T${time}${offset ?? ''}`;
}

/** A cell as JSON text: numbers digit for digit, arrays as arrays, everything unknown as a string. */
function jsonValue(cell: string | null, kind: ColumnKind): string {
  if (cell === null) {
    return 'null';
  }
  if (kind.endsWith('[]')) {
    return jsonArray(parseArray(cell), kind.slice(0, -2) as ScalarKind);
  }
  // NaN and Infinity are numbers to PostgreSQL but not to JSON.
  if (kind === 'number' && /^-?\d+(\.\d+)?(e[-+]?\d+)?$/i.test(cell)) {
    return cell;
  }
  if (kind === 'boolean') {
    return booleanText(cell);
  }
  return escapeControls(kind === 'json' ? cell : JSON.stringify(programText(cell, kind)));
}

function jsonArray(elements: readonly ArrayElement[], kind: ScalarKind): string {
  const parts = elements.map((element) =>
    typeof element === 'string' || element === null
      ? jsonValue(element, kind)
      : jsonArray(element, kind),
  );
  return `[${parts.join(', ')}]`;
}

/** The same JSON with the control characters that JSON may hold unescaped, but a terminal would act on, as escapes. */
function escapeControls(json: string): string {
  return json.replaceAll(
    /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Column names as keys of an object: a name that was there before gets a number, so that no value is lost. */
function distinctNames(columns: readonly ResultColumn[]): string[] {
  const taken = new Set(columns.map((column) => column.name));
  const seen = new Set<string>();
  return columns.map(({ name }) => {
    let key = name;
    for (let count = 2; seen.has(key); count += 1) {
      const numbered = `${name}_${String(count)}`;
      key = taken.has(numbered) ? key : numbered;
    }
    seen.add(key);
    taken.add(key);
    return key;
  });
}
