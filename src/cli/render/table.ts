import { pad, widthOf } from './text.ts';

export interface TextColumn {
  readonly title: string;
  readonly align: 'left' | 'right';
}

const GAP = '  ';

/**
 * The lines of a table: titles, a rule, and the rows, with no blanks at line ends. A cell may have several lines.
 * Cells are printed as they are: they must be safe for a terminal (see `visible`) and may hold colours.
 */
export function* tableLines(
  columns: readonly TextColumn[],
  rows: readonly (readonly string[])[],
): Generator<string> {
  const titles = columns.map((column) => column.title);
  const widths = columnWidths([titles], rows);
  yield* rowLines(columns, widths, titles);
  yield widths.map((width) => '─'.repeat(width)).join(GAP);
  for (const row of rows) {
    yield* rowLines(columns, widths, row);
  }
}

function columnWidths(...parts: readonly (readonly (readonly string[])[])[]): number[] {
  const widths: number[] = [];
  for (const rows of parts) {
    for (const row of rows) {
      row.forEach((cell, index) => {
        const width = cell.includes('\n')
          ? Math.max(...cell.split('\n').map(widthOf))
          : widthOf(cell);
        widths[index] = Math.max(widths[index] ?? 0, width);
      });
    }
  }
  return widths;
}

function* rowLines(
  columns: readonly TextColumn[],
  widths: readonly number[],
  cells: readonly string[],
): Generator<string> {
  const parts = cells.map((cell) => cell.split('\n'));
  const height = Math.max(1, ...parts.map((lines) => lines.length));
  for (let line = 0; line < height; line += 1) {
    const fitted = columns.map(({ align }, index) =>
      pad(parts[index]?.[line] ?? '', widths[index] ?? 0, align),
    );
    yield fitted.join(GAP).trimEnd();
  }
}
