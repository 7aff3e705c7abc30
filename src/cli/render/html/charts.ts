import type { EChartsOption, YAXisComponentOption } from 'echarts/dist/echarts.esm.min.mjs';
import { compact } from '../../../number.ts';
import { visible } from '../text.ts';
import type { Markup } from './markup.ts';
import { chartFor, COLORS, svgOf, type Drawing } from './svg.ts';

/** A point in time, or several days that share one column. */
export interface TimePoint {
  /** Where it stands is drawn from a double; the figure itself is in `title`. Null leaves a gap. */
  readonly value: number | null;
  readonly label: string;
  readonly title: string;
}

/** A named amount. */
export interface Amount {
  readonly name: string;
  readonly value: number;
  /** The amount as it is to be read, every digit. */
  readonly text: string;
}

const TEXT = { fontSize: 12, color: COLORS.muted };
const WIDE_TIME = { wide: { width: 1040, height: 260 }, narrow: { width: 330, height: 200 } };
const HALF_TIME = { wide: { width: 500, height: 200 }, narrow: { width: 330, height: 180 } };
const AMOUNT_WIDTHS = { wide: 500, narrow: 330 };
const AMOUNT_HEIGHT = 38;
const BAR_HEIGHT = 9;
/** Of a digit, in pixels, in the widest of the fonts that the page may get. */
const DIGIT_WIDTH = 8.3;
/** How much of its room a name may fill by the library's measure: the page's font may be wider. */
const NAME_ROOM = 0.82;

/** Columns over time. */
export function columnsOverTime(label: string, points: readonly TimePoint[]): Markup {
  return chartFor(label, WIDE_TIME, () => ({
    option: {
      ...timeAxes(points),
      series: [
        {
          type: 'bar',
          barCategoryGap: points.length > 60 ? '10%' : '28%',
          data: points.map(({ value }) => ({
            value,
            itemStyle: {
              color: (value ?? 0) < 0 ? COLORS.loss : COLORS.accent,
              borderRadius: (value ?? 0) < 0 ? [0, 0, 2, 2] : [2, 2, 0, 0],
            },
          })),
        },
      ],
    },
    titles: points.map(({ title }) => title),
  }));
}

/** A line over time, with a gap where there is no value. */
export function lineOverTime(label: string, points: readonly TimePoint[]): Markup {
  return chartFor(label, HALF_TIME, () =>
    line(points, timeAxes(points), points.length > 62 ? 2 : 5),
  );
}

/** A line without axes, for the look of it. */
export function sparkline(label: string, points: readonly TimePoint[]): Markup {
  const hidden = {
    grid: { left: 2, right: 2, top: 3, bottom: 2 },
    xAxis: { type: 'category', show: false, boundaryGap: false, data: points.map(() => '') },
    yAxis: { type: 'value', show: false, min: ({ min }) => Math.min(0, min) },
  } satisfies EChartsOption;
  return svgOf(label, { width: 200, height: 36 }, line(points, hidden, 0));
}

function line(points: readonly TimePoint[], axes: EChartsOption, symbolSize: number): Drawing {
  return {
    option: {
      ...axes,
      series: [
        {
          type: 'line',
          // A clipping path would need an id, and ids must differ all over the page.
          clip: false,
          symbol: 'circle',
          symbolSize,
          showSymbol: symbolSize > 0,
          showAllSymbol: true,
          lineStyle: { width: 2, color: COLORS.accent },
          itemStyle: { color: COLORS.accent },
          areaStyle: { color: COLORS.accent, opacity: 0.12 },
          data: points.map(({ value }) => value),
        },
      ],
    },
    titles: points.map(({ title }) => title),
  };
}

function timeAxes(points: readonly TimePoint[]): EChartsOption {
  // The last label reaches beyond its column by up to half of itself.
  const edge = Math.ceil(((points.at(-1)?.label.length ?? 0) * DIGIT_WIDTH) / 2);
  return {
    grid: { left: 4, right: edge, top: 12, bottom: 4, outerBoundsMode: 'same' },
    xAxis: {
      type: 'category',
      data: points.map(({ label }) => label),
      axisLabel: { ...TEXT, hideOverlap: true },
      axisLine: { lineStyle: { color: COLORS.muted } },
      axisTick: { show: false },
    },
    yAxis: {
      type: 'value',
      splitNumber: 4,
      axisLabel: { ...TEXT, formatter: compact },
      splitLine: { lineStyle: { color: COLORS.rule } },
    },
  };
}

/** Amounts as bars from a common zero, each below its name and its figure. */
export function amountBars(label: string, given: readonly Amount[]): Markup {
  // A line end in a name would be one in the chart.
  const amounts = given.map((amount) => ({ ...amount, name: visible(amount.name) }));
  const figureWidth = Math.max(0, ...amounts.map(({ text }) => text.length)) * DIGIT_WIDTH;
  const height = amounts.length * AMOUNT_HEIGHT;
  const size = (width: number): { width: number; height: number } => ({ width, height });
  const sizes = { wide: size(AMOUNT_WIDTHS.wide), narrow: size(AMOUNT_WIDTHS.narrow) };
  return chartFor(label, sizes, ({ width }) => {
    const values = amounts.map(({ value }) => value);
    return {
      option: {
        grid: { left: 0, right: 0, top: 8, bottom: -8, outerBoundsMode: 'none' },
        xAxis: {
          type: 'value',
          show: false,
          min: Math.min(0, ...values),
          max: Math.max(0, ...values) || (Math.min(...values) < 0 ? 0 : 1),
        },
        yAxis: [
          nameAxis(
            amounts.map(({ name }) => name),
            {
              align: 'left',
              color: COLORS.ink,
              width: Math.max(60, (width - figureWidth) * NAME_ROOM),
            },
          ),
          nameAxis(
            amounts.map(({ text }) => text),
            { align: 'right', color: COLORS.muted },
          ),
        ],
        series: [
          {
            type: 'bar',
            barWidth: BAR_HEIGHT,
            showBackground: true,
            backgroundStyle: { color: COLORS.rule, borderRadius: 2 },
            data: values.map((value) => ({
              value,
              itemStyle: { color: value < 0 ? COLORS.loss : COLORS.accent, borderRadius: 2 },
            })),
          },
        ],
      },
      titles: amounts.map(({ name, text }) => `${name}: ${text}`),
    };
  });
}

/** An axis whose labels stand inside the plot, above the bars, at the left or the right edge. */
function nameAxis(
  names: readonly string[],
  { align, color, width }: { align: 'left' | 'right'; color: string; width?: number },
): YAXisComponentOption {
  return {
    type: 'category',
    position: align,
    inverse: true,
    axisLine: { show: false },
    axisTick: { show: false },
    data: [...names],
    axisLabel: {
      fontSize: 13,
      color,
      inside: true,
      interval: 0,
      margin: 0,
      align,
      verticalAlign: 'bottom',
      padding: [0, 0, 9, 0],
      ...(width === undefined ? {} : { width, overflow: 'truncate' }),
    },
  };
}
