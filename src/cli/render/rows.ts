import { columnWidths, tableLines, type TextColumn } from './table.ts';
import { pad, widthOf } from './text.ts';
import { wrapLastColumn, wrapped } from './wrap.ts';

const GAP = 2;
const LONGEST_RULE = 40;

/**
 * The lines of rows that a page so wide can hold, nothing cut: a table, with a long text in its last column on as many
 * lines as it needs, or, where that is too wide, each row as a list of its columns. A column alone stays as it is: its
 * lines are taken on by others, such as grep and who copies SQL.
 */
export function* rowLines(
  columns: readonly TextColumn[],
  rows: readonly (readonly string[])[],
  width: number,
): Generator<string> {
  const titles = columns.map(({ title }) => title);
  const cells = columns.length === 1 ? rows : wrapLastColumn(titles, rows, width);
  const widths = columnWidths([titles, ...cells]);
  const needed = widths.reduce((sum, column) => sum + column + GAP, -GAP);
  if (columns.length === 1 || needed <= width) {
    yield* tableLines(columns, cells);
  } else if (rows.length > 0) {
    yield* recordLines(titles, rows, width);
  } else {
    yield* wrapped(titles.join(', '), width);
  }
}

function* recordLines(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
  width: number,
): Generator<string> {
  const widest = Math.max(...titles.map(widthOf));
  const indent = ' '.repeat(widest + GAP);
  for (const [index, row] of rows.entries()) {
    const head = `── row ${String(index + 1)} `;
    yield head.padEnd(Math.min(width, LONGEST_RULE), '─');
    for (const [column, title] of titles.entries()) {
      const lines = (row[column] ?? '')
        .split('\n')
        .flatMap((line) => wrapped(line, width - indent.length));
      yield (pad(title, widest + GAP, 'left') + lines.join(`\n${indent}`)).trimEnd();
    }
  }
}
