import { bar } from './chart.ts';
import { grouped } from '../../number.ts';
import type { ResultColumn, ResultTable } from '../../postgres/query.ts';
import { rowsOf } from '../../query/ask.ts';
import { instant } from './instant.ts';
import { tableLines } from './table.ts';
import { truncate, visible, widthOf } from './text.ts';
import { wrapped } from './wrap.ts';

type Kind = 'text' | 'figure' | 'percent' | 'number' | 'time';

/** A column of a table that has to fit a width. */
export interface PageColumn<Row> {
  /** Words, or what the result says; figures have thousands separators, ids and the like are numbers without. */
  readonly kind?: Kind;
  /** The name of the column, in words, unless said otherwise. */
  readonly title?: string;
  /** What people see, where that is not the value as its kind is written. */
  readonly show?: (row: Row) => string;
  /** Stands for a value that is missing. */
  readonly none?: string;
  /** The cells may be cut, but not below this width. */
  readonly atLeast?: number;
  /** The column may be left out; the lowest goes first. */
  readonly keep?: number;
  /** Left out where no row has a value. */
  readonly isOptional?: boolean;
}

/** The columns of a page by what they show of a row, in order. */
export type PageColumns<Row> = { readonly [Name in keyof Row]?: PageColumn<Row> };

/** What a table has beside its columns. */
export interface PageExtras<Row> {
  readonly fill?: FillColumn<Row> | undefined;
  /** Words below a row. */
  readonly note?: (row: Row) => string | null | undefined;
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

interface Measured {
  readonly title: string;
  readonly align: 'left' | 'right';
  readonly cells: readonly string[];
  readonly natural: number;
  readonly least: number;
  readonly keep: number | undefined;
}

/**
 * The lines of a table no wider than `width`: names are cut first, then columns left out, the least important first;
 * what is drawn fills what room there is. Without rows there is no line. Figures are never cut: where they alone are too
 * wide, so is the table.
 */
export function fittedTable<Row extends object>(
  columns: PageColumns<Row>,
  rows: readonly Row[],
  width: number,
  { fill, note }: PageExtras<Row> = {},
): string[] {
  if (rows.length === 0) {
    return [];
  }
  let shown = (Object.entries(columns) as [keyof Row & string, PageColumn<Row>][])
    .filter(
      ([name, { isOptional }]) => isOptional !== true || rows.some((row) => isThere(row[name])),
    )
    .map(([name, column]) => measured(name, column, rows));
  while (total(shown.map(({ least }) => least)) > width) {
    const [weakest] = shown
      .filter(({ keep }) => keep !== undefined)
      .sort((a, b) => (a.keep ?? 0) - (b.keep ?? 0));
    if (weakest === undefined) {
      break;
    }
    shown = shown.filter((column) => column !== weakest);
  }
  const widths = share(shown, width);
  const heads = shown.map(({ title, align }, index) => ({
    title: truncate(title, widths[index] ?? 0),
    align,
  }));
  const lines = rows.map((_, row) =>
    shown.map(({ cells }, index) => truncate(cells[row] ?? '', widths[index] ?? 0)),
  );
  const room = Math.min(MAX_FILL, width - total(widths) - GAP);
  if (fill !== undefined && room >= MIN_FILL) {
    heads.push({ title: fill.title, align: 'left' });
    rows.forEach((row, index) => lines[index]?.push(fill.draw(row, room)));
  }
  const table = [...tableLines(heads, lines)];
  return note === undefined ? table : withNotes(table, rows.map(note), width);
}

/** A row of a result, by the names of its columns. */
export type ResultRow = Readonly<Record<string, string | null>>;

/** How people see a result, where that is not the table itself. */
export type Page = (table: ResultTable, width: number) => readonly string[];

/** A result as a table that fits: some of its columns, each of the kind that the result says. */
export function page(columns: PageColumns<ResultRow>, extras?: PageExtras<ResultRow>): Page {
  return (table, width) => {
    const kinds = new Map(table.columns.map((column) => [column.name, kindOf(column)]));
    const shown = Object.entries(columns).map(([name, column]) => {
      const kind = column?.kind ?? kinds.get(name);
      return [name, { ...column, ...(kind && { kind }) }] as const;
    });
    return fittedTable<ResultRow>(Object.fromEntries(shown), rowsOf(table), width, extras);
  };
}

function kindOf({ kind, isQuantity = false }: ResultColumn): Kind | undefined {
  return isQuantity
    ? 'figure'
    : kind === 'timestamp'
      ? 'time'
      : kind === 'number'
        ? kind
        : undefined;
}

export function isThere<Value>(value: Value): value is NonNullable<Value> {
  return value !== null && value !== undefined;
}

function measured<Row extends object>(
  name: keyof Row & string,
  { kind = 'text', title = titleOf(name, kind), show, none = '', atLeast, keep }: PageColumn<Row>,
  rows: readonly Row[],
): Measured {
  const cells = rows.map((row) => {
    const value = row[name];
    const text = show?.(row) ?? (isThere(value) ? written(String(value), kind) : none);
    return visible(kind === 'figure' ? grouped(text) : text);
  });
  const natural = Math.max(widthOf(title), ...cells.map(widthOf));
  const isLeft = kind === 'text' || kind === 'time';
  return {
    ...{ title, align: isLeft ? 'left' : 'right', cells, natural, keep },
    least: Math.min(natural, atLeast ?? natural),
  };
}

function titleOf(name: string, kind: Kind): string {
  const words = name.replaceAll('_', ' ');
  return kind === 'time' ? `${words.replace(/ at$/, '')} (UTC)` : words;
}

function written(value: string, kind: Kind): string {
  return kind === 'time' ? instant(value) : kind === 'percent' ? `${grouped(value)}%` : value;
}

/** The lines of a table with a note below each row that has one, in words that fit. */
function withNotes(
  lines: readonly string[],
  notes: readonly (string | null | undefined)[],
  width: number,
): string[] {
  const heads = lines.length - notes.length;
  return lines.flatMap((line, index) => {
    const note = notes[index - heads] ?? '';
    return note === ''
      ? [line]
      : [line, ...wrapped(visible(note), width - GAP).map((text) => `  ${text}`)];
  });
}

/** The width of each column: what it needs, or what is left for the ones that can be cut, the widest cut most. */
function share(shown: readonly Measured[], width: number): number[] {
  const widths = shown.map(({ natural }) => natural);
  while (total(widths) > width) {
    const spare = shown.map(({ least }, index) =>
      (widths[index] ?? 0) > least ? (widths[index] ?? 0) : 0,
    );
    const widest = spare.indexOf(Math.max(...spare));
    if ((spare[widest] ?? 0) === 0) {
      break;
    }
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

function total(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, 0) + GAP * Math.max(0, widths.length - 1);
}
