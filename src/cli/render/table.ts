import Table from 'cli-table3';
import { isPlain, widthOf } from './text.ts';

export interface TextColumn {
  readonly title: string;
  readonly align: 'left' | 'right';
}

const GAP = '  ';
const NO_BORDERS = {
  ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '' },
  ...{ left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: GAP },
  ...{ bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' },
};
const RULE_BELOW = { ...NO_BORDERS, bottom: '─', 'bottom-mid': GAP };
/** cli-table3 compares every cell with all rows above it, so long tables are laid out in slices of equal widths. */
const SLICE_LINES = 8;
/** Stands for one column of a text that cli-table3 would measure otherwise than terminals do. */
const STAND_IN = '\ue000';
const STAND_INS = new RegExp(`${STAND_IN}+`, 'g');

/**
 * The lines of a table: titles, a rule, and the rows, with no blanks at line ends. A cell may have several lines.
 * Cells are printed as they are: they must be safe for a terminal (see `visible`) and may hold colours.
 */
export function* tableLines(
  columns: readonly TextColumn[],
  rows: readonly (readonly string[])[],
): Generator<string> {
  const titles = columns.map((column) => column.title);
  const widths = columnWidths([titles, ...rows]);
  const draw = (lines: readonly Line[], chars: typeof NO_BORDERS): string[] =>
    layOut(lines, columns, widths, chars);

  yield* draw(linesOf(titles), RULE_BELOW);
  let slice: Line[] = [];
  for (const row of rows) {
    for (const line of linesOf(row)) {
      if (slice.push(line) === SLICE_LINES) {
        yield* draw(slice, NO_BORDERS);
        slice = [];
      }
    }
  }
  if (slice.length > 0) {
    yield* draw(slice, NO_BORDERS);
  }
}

/** What one line of the terminal shows of each cell. */
type Line = readonly string[];

/** As many as the row's tallest cell has. cli-table3 takes time by the square of a cell's lines to do this. */
function linesOf(row: readonly string[]): Line[] {
  if (!row.some((cell) => cell.includes('\n'))) {
    return [row];
  }
  const cells = row.map((cell) => cell.split('\n'));
  const height = Math.max(...cells.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) => cells.map((lines) => lines[line] ?? ''));
}

/** Columns of the terminal that the widest line of each column takes. */
export function columnWidths(rows: readonly (readonly string[])[]): number[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, index) => {
      const lines = cell.includes('\n') ? cell.split('\n') : [cell];
      widths[index] = lines.reduce(
        (most, line) => Math.max(most, widthOf(line)),
        widths[index] ?? 0,
      );
    });
  }
  return widths;
}

function layOut(
  lines: readonly Line[],
  columns: readonly TextColumn[],
  widths: readonly number[],
  chars: typeof NO_BORDERS,
): string[] {
  const table = new Table({
    chars,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
    colWidths: [...widths],
    colAligns: columns.map((column) => column.align),
  });
  const texts: string[] = [];
  for (const line of lines) {
    table.push(line.map((cell) => (isPlain(cell) ? cell : standIn(cell, texts))));
  }
  let next = 0;
  return table
    .toString()
    .replaceAll(STAND_INS, () => texts[next++] ?? '')
    .split('\n')
    .map((line) => line.trimEnd());
}

function standIn(cell: string, texts: string[]): string {
  const width = widthOf(cell);
  if (width > 0) {
    texts.push(cell);
  }
  return STAND_IN.repeat(width);
}
