import type { ChalkInstance } from 'chalk';
import type { SectionName, SectionRows } from '../../query/report/sections.ts';
import { columnChart, sparkline } from './chart.ts';
import { factLines } from './document.ts';
import { barColumn, fittedTable, type PageColumns } from './fit.ts';
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

/** A section as a table; `amount` names what its bars compare. */
function tableView<Name extends SectionName>(
  columns: PageColumns<SectionRows[Name]>,
  amount?: keyof SectionRows[Name],
): SectionView<Name> {
  return (rows, { width, colors }) =>
    fittedTable<SectionRows[Name]>(columns, rows, width, {
      fill:
        amount === undefined
          ? undefined
          : barColumn(rows, (row) => Number(row[amount]), colors.cyan),
    });
}

const FIGURE = { kind: 'figure' } as const;
const SHARE = { kind: 'percent', title: 'share', none: '-' } as const;

export const VIEWS: { readonly [Name in SectionName]: SectionView<Name> } = {
  headline: headlineLines,
  days: daysLines,
  categories: tableView<'categories'>(
    {
      category: { atLeast: 10 },
      units: { ...FIGURE, keep: 2 },
      order_lines: { ...FIGURE, keep: 1 },
      revenue: FIGURE,
      share_percent: SHARE,
    },
    'revenue',
  ),
  products: tableView<'products'>(
    {
      product: { atLeast: 12 },
      category: { atLeast: 8, keep: 2 },
      units: { ...FIGURE, keep: 3 },
      revenue: FIGURE,
      margin: { ...FIGURE, keep: 4 },
      margin_percent: { kind: 'percent', title: 'margin %', none: '-', keep: 1 },
      share_percent: SHARE,
    },
    'revenue',
  ),
  movers: tableView<'movers'>({
    product: { atLeast: 12 },
    before: { ...FIGURE, keep: 2 },
    revenue: FIGURE,
    change: { kind: 'number', show: ({ change }) => signed(grouped(change)) },
    change_percent: { kind: 'percent', title: 'change %', none: '-', keep: 1 },
  }),
  places: tableView<'places'>(
    {
      country: { atLeast: 7 },
      city: { atLeast: 12 },
      orders: { ...FIGURE, keep: 1 },
      revenue: FIGURE,
      share_percent: SHARE,
    },
    'revenue',
  ),
  statuses: tableView<'statuses'>(
    {
      status: { atLeast: 9 },
      orders: FIGURE,
      revenue: { ...FIGURE, keep: 1 },
      share_percent: SHARE,
    },
    'orders',
  ),
  payments: tableView<'payments'>(
    {
      payment_method: { title: 'method', atLeast: 11 },
      orders: { ...FIGURE, keep: 2 },
      average_ticket: { ...FIGURE, keep: 1 },
      revenue: FIGURE,
      share_percent: SHARE,
    },
    'revenue',
  ),
  currencies: tableView<'currencies'>(
    {
      currency: { atLeast: 9 },
      orders: FIGURE,
      revenue: { ...FIGURE, keep: 1 },
      share_percent: SHARE,
    },
    'orders',
  ),
  segments: tableView<'segments'>(
    {
      segment: { atLeast: 9 },
      customers: { ...FIGURE, keep: 2 },
      orders: { ...FIGURE, keep: 1 },
      revenue: FIGURE,
      share_percent: SHARE,
    },
    'revenue',
  ),
  customers: tableView<'customers'>(
    {
      customer: { atLeast: 10 },
      country: { atLeast: 7, keep: 1 },
      city: { atLeast: 10, keep: 2 },
      segment: { atLeast: 8, keep: 4 },
      orders: { ...FIGURE, keep: 5 },
      revenue: FIGURE,
      last_order_at: {
        ...{ title: 'last order', atLeast: 10, keep: 3 },
        show: (row) => row.last_order_at.slice(0, 10),
      },
    },
    'revenue',
  ),
  state: stateLines,
  quarantine: tableView<'quarantine'>(
    {
      reason: { atLeast: 10 },
      stage: { title: 'rejected by', atLeast: 10, keep: 2 },
      events: FIGURE,
      last_quarantined_at: { kind: 'time', title: 'last (UTC)', atLeast: 19, keep: 1 },
    },
    'events',
  ),
  restatements: tableView<'restatements'>({
    date_key: { title: 'day', atLeast: 10 },
    late_events: { ...FIGURE, keep: 2 },
    new_orders: { kind: 'number', title: 'orders', show: orderChange, keep: 4 },
    old_total: { ...FIGURE, title: 'before', keep: 3 },
    new_total: { ...FIGURE, title: 'now' },
    change: { kind: 'number', show: ({ change }) => signed(grouped(change)) },
    restated_at: { kind: 'time', atLeast: 19, keep: 1 },
  }),
};

function headlineLines(
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
    {
      fill:
        days.length < 2
          ? undefined
          : {
              title: 'by day',
              draw: ({ figure }, room) =>
                colors.cyan(sparkline(courseOf(figure, days), room).trimEnd()),
            },
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
