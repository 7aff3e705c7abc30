import type { ChalkInstance } from 'chalk';
import type { SectionName, SectionRows } from '../../report/sections.ts';
import { columnChart, sparkline } from './chart.ts';
import { factLines } from './document.ts';
import { barColumn, fittedTable, type FillColumn, type FittingColumn } from './fit.ts';
import { instant } from './instant.ts';
import { grouped } from '../../number.ts';
import {
  changeText,
  dayLabel,
  figureName,
  figureValue,
  isDayFigure,
  isBehind,
  orderChange,
  outstandingDays,
  signed,
  stateFacts,
} from './report-text.ts';

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

export const VIEWS: { readonly [Name in SectionName]: SectionView<Name> } = {
  headline: headlineLines,
  days: daysLines,
  categories: (rows, page) =>
    shareTable(page, rows, [
      name('category', (row) => row.category, 10),
      figure('units', (row) => row.units, 2),
      figure('order lines', (row) => row.order_lines, 1),
      figure('revenue', (row) => row.revenue),
    ]),
  products: (rows, page) =>
    shareTable(page, rows, [
      name('product', (row) => row.product, 12),
      { ...name('category', (row) => row.category ?? '', 8), keep: 2 },
      figure('units', (row) => row.units, 3),
      figure('revenue', (row) => row.revenue),
      figure('margin', (row) => row.margin, 4),
      { ...percentage('margin %', (row) => row.margin_percent), keep: 1 },
    ]),
  places: (rows, page) =>
    shareTable(page, rows, [
      name('country', (row) => row.country, 7),
      name('city', (row) => row.city, 12),
      figure('orders', (row) => row.orders, 1),
      figure('revenue', (row) => row.revenue),
    ]),
  payments: (rows, page) =>
    shareTable(page, rows, [
      name('method', (row) => row.payment_method ?? '', 11),
      figure('orders', (row) => row.orders, 2),
      figure('average ticket', (row) => row.average_ticket ?? '', 1),
      figure('revenue', (row) => row.revenue),
    ]),
  segments: (rows, page) =>
    shareTable(page, rows, [
      name('segment', (row) => row.segment, 9),
      figure('customers', (row) => row.customers, 2),
      figure('orders', (row) => row.orders, 1),
      figure('revenue', (row) => row.revenue),
    ]),
  customers: (rows, page) =>
    fittedTable<SectionRows['customers']>(
      [
        name('customer', (row) => row.customer, 10),
        { ...name('country', (row) => row.country ?? '', 7), keep: 1 },
        { ...name('city', (row) => row.city ?? '', 10), keep: 2 },
        { ...name('segment', (row) => row.segment, 8), keep: 4 },
        figure('orders', (row) => row.orders, 5),
        figure('revenue', (row) => row.revenue),
        { ...name('last order', (row) => row.last_order_at.slice(0, 10), 10), keep: 3 },
      ],
      rows,
      page.width,
      amountBars(rows, (row) => row.revenue, page),
    ),
  state: stateLines,
  quarantine: (rows, page) =>
    fittedTable<SectionRows['quarantine']>(
      [
        name('reason', (row) => row.reason, 10),
        { ...name('refused by', (row) => row.stage, 10), keep: 2 },
        figure('events', (row) => row.events),
        { ...name('last (UTC)', (row) => instant(row.last_quarantined_at), 19), keep: 1 },
      ],
      rows,
      page.width,
      amountBars(rows, (row) => row.events, page),
    ),
  restatements: (rows, page) =>
    fittedTable<SectionRows['restatements']>(
      [
        name('day', (row) => row.date_key, 10),
        {
          ...figure('late events', (row: SectionRows['restatements']) => row.late_events),
          keep: 2,
        },
        figure('orders', orderChange, 4),
        figure('before', (row) => row.old_total, 3),
        figure('now', (row) => row.new_total),
        figure('change', (row) => signed(grouped(row.change))),
        { ...name('restated (UTC)', (row) => instant(row.restated_at), 19), keep: 1 },
      ],
      rows,
      page.width,
    ),
};

function headlineLines(
  rows: readonly SectionRows['headline'][],
  { width, colors, days }: Page,
): string[] {
  const lines = fittedTable<SectionRows['headline']>(
    [
      name('figure', (row) => figureName(row.figure), 10),
      figure('period', (row) => figureValue(row.figure, row.value, '-')),
      figure('before', (row) => figureValue(row.figure, row.value_before, '-')),
      { title: 'change', align: 'right', cell: (row) => changeText(row) },
    ],
    rows,
    width,
    days.length < 2
      ? undefined
      : {
          title: 'by day',
          draw: ({ figure }, room) =>
            colors.cyan(sparkline(courseOf(figure, days), room).trimEnd()),
        },
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

function daysLines(rows: readonly SectionRows['days'][], { width, colors }: Page): string[] {
  const outstanding = outstandingDays(rows);
  if (outstanding === undefined) {
    return [];
  }
  const { best, weakest, withoutSale } = outstanding;
  const columns = rows.map((row) => ({
    value: Number(row.revenue),
    label: dayLabel(row.date_key, rows),
  }));
  const { lines, each } = columnChart(columns, width, CHART_HEIGHT);
  return [
    ...(each === 1 ? [] : [`Each column is ${String(each)} days.`]),
    // Only the columns are coloured, not the axis and its labels.
    ...lines.map((line) => line.replace(/[▁-█▀▔][▁-█▀▔ ]*/, (blocks) => colors.cyan(blocks))),
    ...(best === undefined ? [] : [`Best    ${best.date_key}  ${grouped(best.revenue)}`]),
    ...(weakest === undefined ? [] : [`Weakest ${weakest.date_key}  ${grouped(weakest.revenue)}`]),
    ...(withoutSale === undefined ? [] : [`No sale on ${withoutSale}`]),
  ];
}

function stateLines([state]: readonly SectionRows['state'][], { colors, width }: Page): string[] {
  if (state === undefined) {
    return [];
  }
  const lines = factLines(stateFacts(state), width);
  return isBehind(state) ? [...lines, colors.yellow('Next: medallion promote')] : lines;
}

function name<Row>(title: string, cell: (row: Row) => string, atLeast: number): FittingColumn<Row> {
  return { title, align: 'left', cell, atLeast };
}

function figure<Row>(title: string, cell: (row: Row) => string, keep?: number): FittingColumn<Row> {
  return {
    title,
    align: 'right',
    cell: (row) => grouped(cell(row)),
    ...(keep === undefined ? {} : { keep }),
  };
}

function percentage<Row>(title: string, cell: (row: Row) => string | null): FittingColumn<Row> {
  return {
    title,
    align: 'right',
    cell: (row) => {
      const share = cell(row);
      return share === null ? '-' : `${grouped(share)}%`;
    },
  };
}

/** A table that ends with each row's share of the revenue, as a figure and as a bar. */
function shareTable<
  Row extends { readonly revenue: string; readonly share_percent: string | null },
>(page: Page, rows: readonly Row[], columns: readonly FittingColumn<Row>[]): string[] {
  const share = percentage<Row>('share', (row) => row.share_percent);
  return fittedTable(
    [...columns, share],
    rows,
    page.width,
    amountBars(rows, (row) => row.revenue, page),
  );
}

function amountBars<Row>(
  rows: readonly Row[],
  amount: (row: Row) => string,
  { colors }: Page,
): FillColumn<Row> {
  return barColumn(rows, (row) => Number(amount(row)), colors.cyan);
}
