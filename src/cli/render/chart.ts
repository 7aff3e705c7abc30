import { compact } from '../../number.ts';
import { widthOf } from './text.ts';

/** Charts of block characters. Heights and lengths are rounded to an eighth of a character; figures stand elsewhere. */

const EIGHTHS_UP = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const EIGHTHS_RIGHT = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];
const MAX_COLUMN_WIDTH = 8;

/** A bar from the left, `length` characters long where value equals `max`. A positive value is never without a trace. */
export function bar(value: number, max: number, length: number): string {
  if (!(value > 0) || !(max > 0)) {
    return '';
  }
  const eighths = Math.min(length * 8, Math.max(1, Math.round((value / max) * length * 8)));
  return '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS_RIGHT[eighths % 8] ?? '');
}

/**
 * The course of a figure in one line of at most `length` characters, from zero to its highest; neighbours share a
 * character by their mean where there are more. What is missing, or not above zero, is blank.
 */
export function sparkline(values: readonly (number | null)[], length: number): string {
  const each = Math.max(1, Math.ceil(values.length / length));
  const points: number[] = [];
  for (let from = 0; from < values.length; from += each) {
    const known = values.slice(from, from + each).filter((value) => value !== null);
    points.push(known.reduce((sum, value) => sum + value, 0) / Math.max(1, known.length));
  }
  const highest = Math.max(0, ...points);
  return points
    .map((point) => (point > 0 ? EIGHTHS_UP[Math.max(1, Math.round((point / highest) * 8))] : ' '))
    .join('');
}

export interface Column {
  readonly value: number;
  readonly label: string;
}

export interface ColumnChart {
  /** Without colours, no blanks at line ends. */
  readonly lines: readonly string[];
  /** How many of the given columns one drawn column sums, because there are more than fit. */
  readonly each: number;
}

/**
 * Columns over a time axis with labels, and a scale to the left. Where there are more columns than fit into `width`,
 * neighbours are summed.
 * @param height lines of the plot, without the axis
 */
export function columnChart(
  columns: readonly Column[],
  width: number,
  height: number,
): ColumnChart {
  // The scale depends on the sums, the sums on the room, the room on the scale's width: which is taken to be at most 6.
  const scaleWidth = 6;
  const room = Math.max(1, width - scaleWidth - 2);
  const each = Math.max(1, Math.ceil(columns.length / room));
  const drawn = summed(columns, each);
  const columnWidth = Math.max(
    1,
    Math.min(MAX_COLUMN_WIDTH, Math.floor(room / Math.max(1, drawn.length))),
  );
  const scale = scaleOf(
    drawn.map((column) => column.value),
    height,
  );
  const lines: string[] = [];
  for (let row = scale.above; row > -scale.below; row -= 1) {
    const tick = scale.ticks.get(row);
    const cells = drawn.map(({ value }) => cell(value / scale.step, row, columnWidth)).join('');
    const label = (tick ?? '').padStart(scaleWidth);
    lines.push(`${label} ${tick === undefined ? '│' : '┤'}${cells}`.trimEnd());
    if (row === 1) {
      lines.push(`${'0'.padStart(scaleWidth)} ┼${'─'.repeat(drawn.length * columnWidth)}`);
    }
  }
  lines.push(`${' '.repeat(scaleWidth + 2)}${timeAxis(drawn, columnWidth, room)}`.trimEnd());
  return { lines, each };
}

function summed(columns: readonly Column[], each: number): Column[] {
  const drawn: Column[] = [];
  for (let from = 0; from < columns.length; from += each) {
    const part = columns.slice(from, from + each);
    drawn.push({
      value: part.reduce((sum, { value }) => sum + value, 0),
      label: part[0]?.label ?? '',
    });
  }
  return drawn;
}

interface Scale {
  /** Lines above and below zero. */
  readonly above: number;
  readonly below: number;
  /** What one line stands for. */
  readonly step: number;
  /** Labels of the upper edges of lines, counted from zero. */
  readonly ticks: ReadonlyMap<number, string>;
}

/** A round scale: the highest line of the plot, and the middle one, stand for figures that are easy to read. */
function scaleOf(values: readonly number[], height: number): Scale {
  const highest = Math.max(0, ...values);
  const lowest = Math.min(0, ...values);
  const half = Math.max(1, Math.floor(height / 2));
  if (lowest === 0) {
    const step = roundUp(highest / 2 || 0.5) / half;
    return { above: 2 * half, below: 0, step, ticks: ticksAt([2 * half, half], step) };
  }
  // Zero stands in the middle: deep losses are rare, and worth the room.
  const step = roundUp(Math.max(highest, -lowest)) / half;
  return { above: half, below: half, step, ticks: ticksAt([half, 1 - half], step) };
}

function ticksAt(rows: readonly number[], step: number): Map<number, string> {
  // A line below zero is labelled for its lower edge.
  return new Map(rows.map((row) => [row, compact((row > 0 ? row : row - 1) * step)]));
}

const ROUND = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 7.5, 10];

/** The next figure that is easy to read: two digits and noughts. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = ROUND.find((candidate) => candidate * power >= value) ?? 10;
  return factor * power;
}

/** The part of a column that lies in one line: from row - 1 to row above zero, from row to row - 1 below it. */
function cell(height: number, row: number, width: number): string {
  const gap = width > 1 ? 1 : 0;
  let block = ' ';
  if (row > 0) {
    // Whatever was sold shows, if only by an eighth.
    const trace = row === 1 && height > 0 ? 1 : 0;
    const eighths = Math.max(trace, Math.round((height - (row - 1)) * 8));
    block = EIGHTHS_UP[Math.max(0, Math.min(8, eighths))] ?? ' ';
  } else {
    const filled = -height + row;
    block = filled >= 0.75 ? '█' : filled >= 0.25 ? '▀' : filled > 0 ? '▔' : ' ';
  }
  return block.repeat(width - gap) + ' '.repeat(gap);
}

/** Labels below their columns, as many as stand clear of each other. */
function timeAxis(columns: readonly Column[], columnWidth: number, room: number): string {
  let axis = '';
  columns.forEach(({ label }, index) => {
    const at = index * columnWidth;
    const isClear = axis === '' || at >= widthOf(axis) + 2;
    if (isClear && at + widthOf(label) <= room) {
      axis = axis.padEnd(at) + label;
    }
  });
  return axis;
}
