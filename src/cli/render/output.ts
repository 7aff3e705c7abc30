import Table from 'cli-table3';

/**
 * Rows on their way to a person or a program. Cells are text as PostgreSQL writes it, so decimals and 64-bit
 * integers keep every digit; the column's kind says how to show them.
 */
export interface ResultTable {
  readonly columns: readonly ResultColumn[];
  readonly rows: readonly (readonly (string | null)[])[];
}

export interface ResultColumn {
  readonly name: string;
  readonly kind: 'text' | 'number' | 'boolean' | 'json';
}

export const OUTPUT_FORMATS = ['table', 'json', 'csv', 'markdown'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** The rows in the format asked for, with a final newline. This is the only place that decides what output looks like. */
export function renderTable(table: ResultTable, format: OutputFormat): string {
  switch (format) {
    case 'table':
      return renderText(table);
    case 'json':
      return renderJson(table);
    case 'csv':
      return renderCsv(table);
    case 'markdown':
      return renderMarkdown(table);
  }
}

function renderText({ columns, rows }: ResultTable): string {
  const table = new Table({
    head: columns.map((column) => column.name),
    colAligns: columns.map((column) => (column.kind === 'number' ? 'right' : 'left')),
    style: { head: [], border: [], 'padding-left': 1, 'padding-right': 1 },
    chars: {
      ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '' },
      ...{ bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' },
      ...{ left: '', 'left-mid': '', right: '', 'right-mid': '' },
      ...{ mid: '─', 'mid-mid': '─', middle: ' ' },
    },
  });
  table.options.chars.mid = '';
  table.options.chars['mid-mid'] = '';
  table.push(...rows.map((row) => row.map((cell) => cell ?? '')));
  return `${table.toString().replaceAll(/[ \t]+$/gm, '')}\n`;
}

/** An array of objects; numbers as JSON numbers of full precision, written digit for digit. */
function renderJson({ columns, rows }: ResultTable): string {
  const objects = rows.map((row) => {
    const members = columns.map(
      (column, index) => `${JSON.stringify(column.name)}: ${jsonCell(row[index] ?? null, column.kind)}`,
    );
    return `  {${members.join(', ')}}`;
  });
  return objects.length === 0 ? '[]\n' : `[\n${objects.join(',\n')}\n]\n`;
}

function jsonCell(cell: string | null, kind: ResultColumn['kind']): string {
  if (cell === null) {
    return 'null';
  }
  // NaN and Infinity are numbers to PostgreSQL but not to JSON.
  if (kind === 'number' && /^-?\d+(\.\d+)?(e[-+]?\d+)?$/i.test(cell)) {
    return cell;
  }
  if (kind === 'boolean') {
    return cell === 't' || cell === 'true' ? 'true' : 'false';
  }
  return kind === 'json' ? cell : JSON.stringify(cell);
}

/** RFC 4180, with \n line ends. */
function renderCsv({ columns, rows }: ResultTable): string {
  const quote = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  const lines = [columns.map((column) => column.name), ...rows.map((row) => row.map((cell) => cell ?? ''))];
  return lines.map((line) => `${line.map(quote).join(',')}\n`).join('');
}

function renderMarkdown({ columns, rows }: ResultTable): string {
  const escape = (cell: string): string => cell.replaceAll('|', '\\|').replaceAll(/\r?\n/g, ' ');
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
  return [
    line(columns.map((column) => escape(column.name))),
    line(columns.map((column) => (column.kind === 'number' ? '---:' : '---'))),
    ...rows.map((row) => line(row.map((cell) => escape(cell ?? '')))),
  ].join('');
}
