import { compact } from '../../../number.ts';
import { truncate, visible, widthOf } from '../text.ts';
import type { Markup } from './markup.ts';
import { chartFor, COLORS, d, path, seriesColor, svgOf, text, type ChartSize } from './svg.ts';

/** A point in time, or several days that share one column. */
export interface TimePoint {
  /** Where it stands is drawn from a double; the figure itself is in `title`. Null leaves a gap. */
  readonly value: number | null;
  readonly label: string;
  readonly title: string;
}

/** Amounts that stand on top of one another, each in its colour. */
export interface StackPoint {
  readonly label: string;
  readonly parts: readonly { readonly value: number; readonly title: string }[];
}

/** A named amount. */
export interface Amount {
  readonly name: string;
  readonly value: number;
  /** The amount as it is to be read, every digit. */
  readonly text: string;
}

const WIDE_TIME = { wide: { width: 1040, height: 260 }, narrow: { width: 330, height: 200 } };
const HALF_TIME = { wide: { width: 500, height: 200 }, narrow: { width: 330, height: 180 } };
const SPARKLINE = { width: 200, height: 36 };
const AMOUNT_WIDTHS = { wide: 500, narrow: 330 };
const AMOUNT_HEIGHT = 38;
const BAR_HEIGHT = 9;
const RADIUS = 2;
const AXIS_LETTERS = 12;
const NAME_LETTERS = 13;
/** Of a digit, in pixels, in the widest of the fonts that the page may get. */
const DIGIT_WIDTH = 8.3;
/** The widest letters, of which a name may be made. */
const BROAD = /[MWmw@%]/g;
const BROAD_WIDTH = 13;
const GAP = 8;
const SCALE_STEPS = 4;

/** Where a plot stands in its drawing, and what height a value has in it. */
interface Plot {
  readonly left: number;
  readonly right: number;
  readonly y: (value: number) => number;
}

/**
 * Columns over time.
 * @param course a figure beside each column, drawn as a line over them; left out where there is none
 */
export function columnsOverTime(
  label: string,
  points: readonly TimePoint[],
  course: readonly number[] = [],
): Markup {
  return chartFor(label, WIDE_TIME, (size) => {
    const { plot, axes } = timeAxes(points, size, course);
    const step = (plot.right - plot.left) / points.length;
    const width = step * (points.length > 60 ? 0.9 : 0.72);
    const zero = plot.y(0);
    const columns = points.map(({ value, title }, index) => {
      const x = plot.left + index * step + (step - width) / 2;
      const height = zero - plot.y(value ?? 0);
      return path(column(x, zero, width, height), `fill="${colorOf(value ?? 0)}"`, title);
    });
    const over = course.map((value, index) => [plot.left + (index + 0.5) * step, plot.y(value)]);
    const look = `fill="none" stroke="${COLORS.second}" stroke-width="2" stroke-linejoin="round"`;
    return [axes, ...columns, over.length < 2 ? '' : path(d('M', ...over.flat()), look)].join('\n');
  });
}

/** Columns over time of several parts each, none of which is below zero. */
export function stackedOverTime(
  label: string,
  points: readonly StackPoint[],
  sizes: 'wide' | 'half',
): Markup {
  const sums = points.map(({ label, parts }) => ({
    value: parts.reduce((sum, { value }) => sum + Math.max(0, value), 0),
    ...{ label, title: '' },
  }));
  return chartFor(label, sizes === 'wide' ? WIDE_TIME : HALF_TIME, (size) => {
    const { plot, axes } = timeAxes(sums, size);
    const step = (plot.right - plot.left) / points.length;
    const width = step * (points.length > 60 ? 0.9 : 0.72);
    const columns = points.flatMap(({ parts }, index) => {
      let below = 0;
      return parts.map(({ value, title }, part) => {
        const bottom = plot.y(below);
        below += Math.max(0, value);
        const height = bottom - plot.y(below);
        const x = plot.left + index * step + (step - width) / 2;
        const shape = d('M', x, bottom, 'h', width, 'v', -height, 'h', -width, 'Z');
        return height === 0 ? '' : path(shape, `fill="${seriesColor(part)}"`, title);
      });
    });
    return [axes, ...columns].join('\n');
  });
}

/** A line over time, with a gap where there is no value. */
export function lineOverTime(label: string, points: readonly TimePoint[]): Markup {
  const radius = points.length > 62 ? 1 : 2.5;
  return chartFor(label, HALF_TIME, (size) => {
    const { plot, axes } = timeAxes(points, size);
    const step = (plot.right - plot.left) / points.length;
    const x = (index: number): number => plot.left + (index + 0.5) * step;
    const dots = points.map(({ value, title }, index) =>
      value === null
        ? ''
        : path(dot(x(index), plot.y(value), radius), `fill="${COLORS.accent}"`, title),
    );
    return [axes, line(points, x, plot.y), ...dots].join('\n');
  });
}

/** A line without axes, for the look of it. */
export function sparkline(label: string, points: readonly TimePoint[]): Markup {
  const [left, right] = [2, SPARKLINE.width - 2];
  const { y } = scale(valuesOf(points), 3, SPARKLINE.height - 2);
  const step = (right - left) / Math.max(1, points.length - 1);
  return svgOf(
    label,
    SPARKLINE,
    line(points, (index) => left + index * step, y),
  );
}

/** Amounts as bars from a common zero, each below its name and its figure. */
export function amountBars(label: string, given: readonly Amount[]): Markup {
  // A line end in a name would be one in the chart.
  const amounts = given.map((amount) => ({ ...amount, name: visible(amount.name) }));
  const values = amounts.map(({ value }) => value);
  const [lowest, highest] = [Math.min(0, ...values), Math.max(0, ...values)];
  const figureWidth = Math.max(0, ...amounts.map((amount) => amount.text.length)) * DIGIT_WIDTH;
  const size = (width: number): ChartSize => ({ width, height: amounts.length * AMOUNT_HEIGHT });
  const sizes = { wide: size(AMOUNT_WIDTHS.wide), narrow: size(AMOUNT_WIDTHS.narrow) };
  return chartFor(label, sizes, ({ width }) => {
    const x = (value: number): number => ((value - lowest) / (highest - lowest || 1)) * width;
    return amounts
      .flatMap((amount, index) => {
        const top = index * AMOUNT_HEIGHT;
        const [from, to] = [x(Math.min(0, amount.value)), x(Math.max(0, amount.value))];
        const name = shortened(amount.name, Math.max(60, width - figureWidth - GAP));
        const look = { size: NAME_LETTERS } as const;
        return [
          text(0, top + 11.5, name, { ...look, color: COLORS.ink, anchor: 'start' }),
          text(width, top + 11.5, amount.text, { ...look, color: COLORS.muted, anchor: 'end' }),
          path(bar(0, top + 22.5, width), `fill="${COLORS.rule}"`),
          path(
            bar(from, top + 22.5, to - from),
            `fill="${colorOf(amount.value)}"`,
            `${amount.name}: ${amount.text}`,
          ),
        ];
      })
      .join('\n');
  });
}

function colorOf(value: number): string {
  return value < 0 ? COLORS.loss : COLORS.accent;
}

/** A name cut to so many pixels. */
function shortened(name: string, width: number): string {
  let columns = Math.max(1, Math.floor(width / DIGIT_WIDTH));
  while (columns > 1 && drawnWidth(truncate(name, columns)) > width) {
    columns -= 1;
  }
  return truncate(name, columns);
}

function drawnWidth(name: string): number {
  const broad = (name.match(BROAD) ?? []).length;
  return widthOf(name) * DIGIT_WIDTH + broad * (BROAD_WIDTH - DIGIT_WIDTH);
}

function valuesOf(points: readonly TimePoint[]): number[] {
  return points.flatMap(({ value }) => (value === null ? [] : [value]));
}

/** Heights between `top` and `bottom` on a scale of round steps that holds zero and all values. */
function scale(
  values: readonly number[],
  top: number,
  bottom: number,
): Pick<Plot, 'y'> & { readonly ticks: readonly number[] } {
  const lowest = Math.min(0, ...values);
  const highest = Math.max(0, ...values) || (lowest < 0 ? 0 : 1);
  const step = roundStep((highest - lowest) / SCALE_STEPS);
  const [first, last] = [Math.floor(lowest / step), Math.ceil(highest / step)];
  const ticks = Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
  return {
    ticks,
    y: (value) => bottom - ((value / step - first) / (last - first)) * (bottom - top),
  };
}

/** The step that is easy to read and next to the given one. */
function roundStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  const [, factor = 10] =
    (
      [
        [1.5, 1],
        [2.5, 2],
        [4, 3],
        [7, 5],
      ] as const
    ).find(([below]) => step / power < below) ?? [];
  return factor * power;
}

/** A scale to the left with its lines, and below as many labels as stand clear of one another. */
function timeAxes(
  points: readonly TimePoint[],
  { width, height }: ChartSize,
  others: readonly number[] = [],
): { readonly plot: Plot; readonly axes: string } {
  const { y, ticks } = scale([...valuesOf(points), ...others], 18, height - 24);
  const letters = { size: AXIS_LETTERS, color: COLORS.muted } as const;
  const left = Math.max(...ticks.map((tick) => compact(tick).length)) * DIGIT_WIDTH + GAP;
  const labelWidth = Math.max(0, ...points.map(({ label }) => label.length)) * DIGIT_WIDTH;
  // The last label reaches beyond its column by up to half of itself.
  const right = width - Math.ceil(labelWidth / 2);
  const step = (right - left) / points.length;
  const each = Math.max(1, Math.ceil((labelWidth + GAP / 2) / step));
  const rule = (tick: number, color: string): string =>
    path(d('M', left, Math.round(y(tick)) + 0.5, 'H', right), `stroke="${color}"`);
  const axes = [
    ...ticks.map((tick) => rule(tick, COLORS.rule)),
    rule(0, COLORS.muted),
    ...ticks.map((tick) => text(left - GAP, y(tick), compact(tick), { ...letters, anchor: 'end' })),
    ...points.flatMap(({ label }, index) =>
      index % each === 0
        ? [text(left + (index + 0.5) * step, height - 10, label, { ...letters, anchor: 'middle' })]
        : [],
    ),
  ];
  return { plot: { left, right, y }, axes: axes.join('\n') };
}

/** A line with the area between it and zero, in as many parts as there are without a gap. */
function line(points: readonly TimePoint[], x: (index: number) => number, y: Plot['y']): string {
  const parts: [number, number][][] = [[]];
  points.forEach(({ value }, index) => {
    if (value === null) {
      parts.push([]);
    } else {
      parts.at(-1)?.push([x(index), y(value)]);
    }
  });
  return parts
    .flatMap((part) => {
      const [first, last] = [part[0], part.at(-1)];
      if (first === undefined || last === undefined) {
        return [];
      }
      const course = d('M', ...part.flat());
      return [
        path(
          `${course} ${d('L', last[0], y(0), 'H', first[0], 'Z')}`,
          `fill="${COLORS.accent}" fill-opacity="0.12"`,
        ),
        path(
          course,
          `fill="none" stroke="${COLORS.accent}" stroke-width="2" stroke-linejoin="bevel"`,
        ),
      ];
    })
    .join('\n');
}

/** A column on the line of zero, with round corners at its other end; of no height, nothing. */
function column(x: number, zero: number, width: number, height: number): string {
  if (height === 0) {
    return d('M', x, zero);
  }
  const r = Math.min(RADIUS, Math.abs(height), width / 2);
  const up = height < 0 ? r : -r;
  const corner = height < 0 ? 0 : 1;
  return d(
    ...['M', x, zero, 'V', zero - height - up],
    ...['a', r, r, 0, 0, corner, r, up, 'h', width - 2 * r],
    ...['a', r, r, 0, 0, corner, r, -up, 'V', zero, 'Z'],
  );
}

/** A bar with round corners; of no width, nothing. */
function bar(x: number, y: number, width: number): string {
  if (width === 0) {
    return d('M', x, y);
  }
  const r = Math.min(RADIUS, width / 2);
  const [across, down] = [width - 2 * r, BAR_HEIGHT - 2 * r];
  return d(
    ...['M', x + r, y, 'h', across, 'a', r, r, 0, 0, 1, r, r, 'v', down],
    ...['a', r, r, 0, 0, 1, -r, r, 'h', -across],
    ...['a', r, r, 0, 0, 1, -r, -r, 'v', -down, 'a', r, r, 0, 0, 1, r, -r, 'Z'],
  );
}

function dot(x: number, y: number, r: number): string {
  return d('M', x - r, y, 'a', r, r, 0, 1, 0, 2 * r, 0, 'a', r, r, 0, 1, 0, -2 * r, 0, 'Z');
}
