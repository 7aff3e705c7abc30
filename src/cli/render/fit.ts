import { bar } from './chart.ts';
import { grouped } from '../../number.ts';
import { tableLines } from './table.ts';
import { truncate, visible, widthOf } from './text.ts';
import { wrapped } from './wrap.ts';

/** A column of a table that has to fit a width. */
export interface FittingColumn<Row> {
  readonly title: string;
  readonly align: 'left' | 'right';
  readonly cell: (row: Row) => string;
  /** The cells may be cut, but not below this width. */
  readonly atLeast?: number;
  /** The column may be left out; the lowest goes first. */
  readonly keep?: number;
}

/** A column of words. */
export function textColumn<Row>(
  title: string,
  cell: (row: Row) => string,
  more: Partial<FittingColumn<Row>> = {},
): FittingColumn<Row> {
  return { title, align: 'left', cell, ...more };
}

/** A column of amounts, with thousands separators. */
export function figureColumn<Row>(
  title: string,
  cell: (row: Row) => string,
  more: Partial<FittingColumn<Row>> = {},
): FittingColumn<Row> {
  return { title, align: 'right', cell: (row) => grouped(cell(row)), ...more };
}

/** A last column of drawings, as wide as the room that is left; none where that is too little. */
export interface FillColumn<Row> {
  readonly title: string;
  readonly draw: (row: Row, room: number) => string;
}

/** Bars that compare one figure of the rows. */
export function barColumn<Row>(
  rows: readonly Row[],
  value: (row: Row) => number,
  paint: (text: string) => string,
): FillColumn<Row> {
  const longest = Math.max(...rows.map(value));
  return { title: '', draw: (row, room) => paint(bar(value(row), longest, room)) };
}

const GAP = 2;
const MIN_FILL = 8;
const MAX_FILL = 40;

interface Measured<Row> {
  readonly column: FittingColumn<Row>;
  readonly cells: readonly string[];
  readonly natural: number;
  readonly least: number;
}

/**
 * The lines of a table no wider than `width`: names are cut first, then columns left out, the least important first; what is drawn
 * fills what room there is. Without rows there is
 * no line. Figures are never cut: where they alone are too wide, so is the table.
 */
export function fittedTable<Row>(
  columns: readonly FittingColumn<Row>[],
  rows: readonly Row[],
  width: number,
  fill?: FillColumn<Row>,
): string[] {
  if (rows.length === 0) {
    return [];
  }
  let shown = columns.map((column): Measured<Row> => {
    const cells = rows.map((row) => visible(column.cell(row)));
    const natural = Math.max(widthOf(column.title), ...cells.map(widthOf));
    return { column, cells, natural, least: Math.min(natural, column.atLeast ?? natural) };
  });
  while (total(shown.map(({ least }) => least)) > width) {
    const [weakest] = shown
      .filter(({ column }) => column.keep !== undefined)
      .sort((a, b) => (a.column.keep ?? 0) - (b.column.keep ?? 0));
    if (weakest === undefined) {
      break;
    }
    shown = shown.filter((measured) => measured !== weakest);
  }
  const widths = share(shown, width);
  const heads = shown.map(({ column }, index) => ({
    title: truncate(column.title, widths[index] ?? 0),
    align: column.align,
  }));
  const lines = rows.map((_, row) =>
    shown.map(({ cells }, index) => truncate(cells[row] ?? '', widths[index] ?? 0)),
  );
  const room = Math.min(MAX_FILL, width - total(widths) - GAP);
  if (fill !== undefined && room >= MIN_FILL) {
    heads.push({ title: fill.title, align: 'left' });
    rows.forEach((row, index) => lines[index]?.push(fill.draw(row, room)));
  }
  return [...tableLines(heads, lines)];
}

/** The lines of such a table with a note below each row that has one, in words that fit. */
export function withNotes(
  lines: readonly string[],
  notes: readonly (string | null)[],
  width: number,
): string[] {
  const rows = lines.length - notes.length;
  return lines.flatMap((line, index) => {
    const note = notes[index - rows] ?? '';
    return note === ''
      ? [line]
      : [line, ...wrapped(visible(note), width - GAP).map((text) => `  ${text}`)];
  });
}

/** The width of each column: what it needs, or what is left for the ones that can be cut, the widest cut most. */
function share<Row>(shown: readonly Measured<Row>[], width: number): number[] {
  const widths = shown.map(({ natural }) => natural);
  while (total(widths) > width) {
    const widest = shown
      .map(({ least }, index) => ({
        index,
        spare: (widths[index] ?? 0) > least ? (widths[index] ?? 0) : 0,
      }))
      .reduce((a, b) => (b.spare > a.spare ? b : a), { index: -1, spare: 0 });
    if (widest.index < 0) {
      break;
    }
    widths[widest.index] = (widths[widest.index] ?? 0) - 1;
  }
  return widths;
}

function total(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, 0) + GAP * Math.max(0, widths.length - 1);
}
