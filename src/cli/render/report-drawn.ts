import type { ChalkInstance } from 'chalk';
import {
  HOURS,
  MONTHS,
  NET_SALES,
  type SectionName,
  type SectionRows,
} from '../../query/report/sections.ts';
import { columnChart, sparkline } from './chart.ts';
import { factLines } from './document.ts';
import { fittedTable, type FillColumn, type PageColumn, type PageColumns } from './fit.ts';
import { grouped } from '../../number.ts';
import {
  categoryTotals,
  changeText,
  columnName,
  dayLabel,
  figureName,
  figureValue,
  isBehind,
  isDayFigure,
  MEAN,
  outstandingDays,
  stateFacts,
} from './report-text.ts';

/** Sections that on a terminal are more than a table of their rows. */

/** What every section of a page has to know. */
export interface Page {
  /** Columns that lines may have. */
  readonly width: number;
  readonly colors: ChalkInstance;
  /** The days of the report, where it has them: beside a figure stands its course. */
  readonly days: readonly SectionRows['days'][];
}

const CHART_HEIGHT = 8;

/** The lines of a section, none where there are no rows. */
export type SectionView<Name extends SectionName> = (
  rows: readonly SectionRows[Name][],
  page: Page,
) => readonly string[];

export const FIGURE = { kind: 'figure' } as const;

export function headlineLines(
  rows: readonly SectionRows['headline'][],
  { width, colors, days }: Page,
): string[] {
  const lines = fittedTable<SectionRows['headline']>(
    {
      figure: { show: (row) => figureName(row.figure), atLeast: 10 },
      value: { ...FIGURE, title: 'period', show: (row) => figureValue(row.figure, row.value, '-') },
      value_before: {
        ...FIGURE,
        title: 'before',
        show: (row) => figureValue(row.figure, row.value_before, '-'),
      },
      change_percent: { kind: 'number', title: 'change', show: changeText },
    },
    rows,
    width,
    byDay(({ figure }) => courseOf(figure, days), days.length, colors),
  );
  return lines.map((line) =>
    line
      .replace(/▲ \S+/, (text) => colors.green(text))
      .replace(/▼ \S+/, (text) => colors.red(text)),
  );
}

/** The figure of each day, to be drawn. */
function courseOf(figure: string, days: readonly SectionRows['days'][]): (number | null)[] {
  return isDayFigure(figure)
    ? days.map(({ [figure]: value }) => (value === null ? null : Number(value)))
    : [];
}

export function daysLines(rows: readonly SectionRows['days'][], { width, colors }: Page): string[] {
  const outstanding = outstandingDays(rows);
  if (outstanding === undefined) {
    return [];
  }
  const { best, weakest, withoutSale } = outstanding;
  const last = rows.at(-1);
  const columns = rows.map((row) => ({
    value: Number(row.revenue),
    label: dayLabel(row.date_key, rows),
  }));
  const { lines, each } = columnChart(columns, width, CHART_HEIGHT);
  return [
    each > 1 && `Each column is ${String(each)} days.`,
    // Only the columns are coloured, not the axis and its labels.
    ...lines.map((line) => line.replace(/[▁-█▀▔][▁-█▀▔ ]*/, (blocks) => colors.cyan(blocks))),
    best && `Best        ${best.date_key}  ${grouped(best.revenue)}`,
    weakest && `Weakest     ${weakest.date_key}  ${grouped(weakest.revenue)}`,
    last && `${MEAN}  ${last.date_key}  ${grouped(last.mean_of_7_days)}`,
    withoutSale && `No sale on ${withoutSale}`,
  ].filter((line) => typeof line === 'string');
}

export function stateLines(
  [state]: readonly SectionRows['state'][],
  { colors, width }: Page,
): string[] {
  if (state === undefined) {
    return [];
  }
  const lines = factLines(stateFacts(state), width);
  return isBehind(state) ? [...lines, colors.yellow('Next: medallion promote')] : lines;
}

/** How many currencies stand beside one another. */
const CURRENCIES_A_TABLE = 3;

/** The amounts below one another, as they are added up, a column for each currency. */
export function netSalesLines(
  rows: readonly SectionRows['net_sales'][],
  { width }: Page,
): string[] {
  const lines: string[] = [];
  const nameOf = (index: number): string => `currency_${String(index)}`;
  for (let from = 0; from < rows.length; from += CURRENCIES_A_TABLE) {
    const part = rows.slice(from, from + CURRENCIES_A_TABLE);
    const columns = part.map(({ currency }, index): [string, PageColumn<Amounts>] => [
      nameOf(index),
      { ...FIGURE, title: currency },
    ]);
    const amounts = ([...NET_SALES, 'orders'] as const).map((name) => ({
      amount: figureName(name),
      ...Object.fromEntries(part.map((row, index) => [nameOf(index), row[name]])),
    }));
    lines.push(
      ...fittedTable<Amounts>(Object.fromEntries([['amount', {}], ...columns]), amounts, width),
    );
  }
  return lines;
}

type Amounts = Readonly<Record<string, string>>;

/** What each category sold, and its course. */
export function categoryLines(
  rows: readonly SectionRows['categories_by_day'][],
  { width, colors }: Page,
): string[] {
  const totals = categoryTotals(rows);
  return fittedTable(
    { category: { atLeast: 10 }, revenue: FIGURE },
    totals,
    width,
    byDay(({ days }) => days, totals[0]?.days.length ?? 0, colors),
  );
}

/** New customers and returning ones, and their course. A customer who returns on two days returned twice. */
export function customerLines(
  rows: readonly SectionRows['new_and_returning'][],
  { width, colors }: Page,
): string[] {
  const customers = (['new_customers', 'returning_customers'] as const).map((name) => {
    const days = rows.map((row) => Number(row[name]));
    const sum = days.reduce((left, right) => left + right, 0);
    return { name, days, mean: (sum / rows.length).toFixed(1), most: String(Math.max(...days)) };
  });
  return customers.every(({ most }) => most === '0')
    ? []
    : fittedTable(
        {
          name: { title: 'customers', show: ({ name }) => figureName(name) },
          mean: { ...FIGURE, title: 'a day' },
          most: { ...FIGURE, title: 'at most' },
        },
        customers,
        width,
        byDay(({ days }) => days, rows.length, colors),
      );
}

/** A last column with the course of a figure over the days. */
function byDay<Row>(
  daysOf: (row: Row) => readonly (number | null)[],
  days: number,
  colors: ChalkInstance,
): { readonly fill: FillColumn<Row> | undefined } {
  const draw = (row: Row, room: number): string =>
    colors.cyan(sparkline(daysOf(row), room).trimEnd());
  return { fill: days < 2 ? undefined : { title: 'by day', draw } };
}

const SHADES = [' ', '░', '▒', '▓', '█'];

/** The more orders, the darker; and the most of all in words. */
export function hourLines(rows: readonly SectionRows['hours'][], { colors }: Page): string[] {
  const most = Math.max(...rows.flatMap((row) => HOURS.map((hour) => Number(row[hour]))));
  const busiest = rows.flatMap((row) => {
    const hour = HOURS.find((name) => Number(row[name]) === most);
    return hour === undefined ? [] : [`${row.weekday}, ${columnName(hour)}`];
  })[0];
  if (busiest === undefined) {
    return [];
  }
  const label = Math.max(...rows.map(({ weekday }) => weekday.length)) + 2;
  const shade = (orders: string): string => {
    const level = Math.ceil((Number(orders) / most) * (SHADES.length - 1));
    return (SHADES[level] ?? '').repeat(3);
  };
  return [
    `${' '.repeat(label)}${HOURS.map((hour) => columnName(hour).slice(0, 2).padEnd(4)).join('')}`.trimEnd(),
    ...rows.map((row) => {
      const cells = HOURS.map((hour) => shade(row[hour]))
        .join(' ')
        .trimEnd();
      return `${row.weekday.padEnd(label)}${colors.cyan(cells)}`.trimEnd();
    }),
    `Most: ${busiest}, ${grouped(most)} orders`,
  ];
}

/** From how many columns on percents have their decimal. */
const WIDE = 104;

/** How many customers began in a month, and how many percent of them bought in the months after. */
export function cohortLines(rows: readonly SectionRows['cohorts'][], { width }: Page): string[] {
  const months = MONTHS.map((month, index): [string, PageColumn<SectionRows['cohorts']>] => [
    month,
    {
      ...{
        kind: 'number',
        title: columnName(month),
        isOptional: true,
        keep: MONTHS.length - index,
      },
      show: ({ [month]: percent }) =>
        percent === null || width >= WIDE ? (percent ?? '') : Number(percent).toFixed(0),
    },
  ]);
  const columns: PageColumns<SectionRows['cohorts']> = {
    first_month: {},
    customers: FIGURE,
    ...Object.fromEntries(months),
  };
  return rows.length === 0
    ? []
    : [...fittedTable(columns, rows, width), 'Percent of them who bought so many months after'];
}
