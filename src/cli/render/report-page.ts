import type { ChalkInstance } from 'chalk';
import { periodBefore, type Period } from '../../report/period.ts';
import type { Report } from '../../report/report.ts';
import {
  SECTION_NAMES,
  type SectionName,
  type SectionRows,
  type Sections,
} from '../../report/sections.ts';
import { columnChart } from './chart.ts';
import { palette } from './color.ts';
import { fittedTable, type BarColumn, type FittingColumn } from './fit.ts';
import { counted, grouped } from './number.ts';
import { widthOf } from './text.ts';

export interface PageOptions {
  /** Columns of the terminal; taken as at least 60 and at most 200. */
  readonly width: number;
  readonly color: boolean;
  /** How many rows the sections of leaders were asked for. */
  readonly top: number;
}

const MIN_WIDTH = 60;
const MAX_WIDTH = 200;
const CHART_HEIGHT = 8;

interface Page {
  readonly width: number;
  readonly top: number;
  readonly colors: ChalkInstance;
  readonly period: Period | undefined;
}

/** How a section looks: its title and its lines; undefined where it has nothing to say. */
type SectionView<Name extends SectionName> = (
  rows: readonly SectionRows[Name][],
  page: Page,
) => { title: string; lines: readonly string[] } | undefined;

const VIEWS: { readonly [Name in SectionName]: SectionView<Name> } = {
  headline: headlineView,
  days: daysView,
  categories: (rows, page) => ({
    title: 'Categories',
    lines: shareTable(page, rows, [
      name('category', (row) => row.category, 10),
      figure('units', (row) => row.units, 2),
      figure('order lines', (row) => row.order_lines, 1),
      figure('revenue', (row) => row.revenue),
    ]),
  }),
  products: (rows, page) => ({
    title: leadersTitle('Products', rows, page),
    lines: shareTable(page, rows, [
      name('product', (row) => row.product, 12),
      { ...name('category', (row) => row.category ?? '', 8), keep: 3 },
      figure('units', (row) => row.units, 2),
      figure('revenue', (row) => row.revenue),
      figure('margin', (row) => row.margin, 4),
      { ...percentage('margin %', (row) => row.margin_percent), keep: 1 },
    ]),
  }),
  places: (rows, page) => ({
    title: leadersTitle('Places', rows, page),
    lines: shareTable(page, rows, [
      name('country', (row) => row.country, 7),
      name('city', (row) => row.city, 12),
      figure('orders', (row) => row.orders, 1),
      figure('revenue', (row) => row.revenue),
    ]),
  }),
  payments: (rows, page) => ({
    title: 'Payment methods',
    lines: shareTable(page, rows, [
      name('method', (row) => row.payment_method ?? '', 11),
      figure('orders', (row) => row.orders, 2),
      figure('average ticket', (row) => row.average_ticket ?? '', 1),
      figure('revenue', (row) => row.revenue),
    ]),
  }),
  segments: (rows, page) => ({
    title: 'Customer segments, all time',
    lines: shareTable(page, rows, [
      name('segment', (row) => row.segment, 9),
      figure('customers', (row) => row.customers, 2),
      figure('orders', (row) => row.orders, 1),
      figure('revenue', (row) => row.revenue),
    ]),
  }),
  customers: (rows, page) => ({
    title: `${leadersTitle('Customers', rows, page)}, all time`,
    lines: fittedTable<SectionRows['customers']>(
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
      amountBars((row) => row.revenue, page),
    ),
  }),
  state: stateView,
  quarantine: (rows, page) =>
    rows.length === 0
      ? undefined
      : {
          title: 'Quarantine, open',
          lines: fittedTable<SectionRows['quarantine']>(
            [
              name('reason', (row) => row.reason, 10),
              { ...name('refused by', (row) => row.stage, 10), keep: 2 },
              figure('events', (row) => row.events),
              { ...name('last (UTC)', (row) => instant(row.last_quarantined_at), 10), keep: 1 },
            ],
            rows,
            page.width,
            amountBars((row) => row.events, page),
          ),
        },
  restatements: (rows, page) =>
    rows.length === 0
      ? undefined
      : {
          title: leadersTitle('Restated days', rows, page, 'latest'),
          lines: fittedTable<SectionRows['restatements']>(
            [
              name('day', (row) => row.date_key, 10),
              { ...figure('orders', (row) => orderChange(row), 3), title: 'orders' },
              figure('before', (row) => row.old_total, 2),
              figure('now', (row) => row.new_total),
              figure('change', (row) => signed(grouped(row.change))),
              { ...name('restated (UTC)', (row) => instant(row.restated_at), 10), keep: 1 },
            ],
            rows,
            page.width,
          ),
        },
};

/** The report as a page of text that fits the terminal, with a final newline. */
export function renderPage(report: Report, options: PageOptions): string {
  const page: Page = {
    width: Math.max(MIN_WIDTH, Math.min(MAX_WIDTH, options.width)),
    top: options.top,
    colors: palette(options.color),
    period: report.period,
  };
  const blocks: (readonly string[])[] = [headLines(report, page)];
  for (const section of SECTION_NAMES) {
    const view = viewOf(section, report.sections, page);
    if (view !== undefined) {
      const lines = view.lines.length === 0 ? ['nothing in this period'] : view.lines;
      blocks.push([page.colors.bold(view.title), ...lines]);
    }
  }
  return `${blocks.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function viewOf<Name extends SectionName>(
  section: Name,
  sections: Sections,
  page: Page,
): ReturnType<SectionView<Name>> {
  const found = sections[section];
  return found === undefined ? undefined : VIEWS[section](found.rows, page);
}

/** What the page is about, or why it is about nothing yet and which command comes next. */
function headLines({ period, landedEvents }: Report, { colors, width }: Page): string[] {
  if (period === undefined) {
    return landedEvents === 0n
      ? [
          'There is nothing in the warehouse yet.',
          'Next: medallion demo, or medallion generate && medallion ingest && medallion promote',
        ]
      : [
          `${counted(landedEvents, 'event')} landed in bronze, but gold holds no sales yet.`,
          'Next: medallion promote',
        ];
  }
  const title = colors.bold(`Sales ${period.since} to ${period.until}`);
  const note = `${counted(period.days, 'day')}, UTC; amounts as booked, in whatever currency`;
  const first = `${title}  ${note}`;
  const lines = widthOf(first) <= width ? [first] : [title, note];
  if (period.until < period.firstDay || period.since > period.lastDay) {
    lines.push(
      `There are no sales in this period; they run from ${period.firstDay} to ${period.lastDay}.`,
    );
  }
  return lines;
}

const FIGURES: Readonly<Record<string, string>> = {
  revenue: 'Revenue',
  orders: 'Orders',
  average_ticket: 'Average ticket',
  customers: 'Customers',
  units: 'Units sold',
};

function headlineView(
  rows: readonly SectionRows['headline'][],
  { width, colors, period }: Page,
): { title: string; lines: string[] } {
  const before = period && periodBefore(period);
  const lines = fittedTable<SectionRows['headline']>(
    [
      name('figure', (row) => FIGURES[row.figure] ?? row.figure, 10),
      figure('period', (row) => row.value ?? '-'),
      figure('before', (row) => row.value_before ?? '-'),
      { title: 'change', align: 'right', cell: (row) => changeText(row) },
    ],
    rows,
    width,
  );
  const painted = lines.map((line) =>
    line
      .replace(/▲ .*$/, (text) => colors.green(text))
      .replace(/▼ .*$/, (text) => colors.red(text)),
  );
  const span = before === undefined ? '' : `, against ${before.since} to ${before.until}`;
  return { title: `Headline${span}`, lines: painted };
}

/** The change against the period before, with an arrow: readable without colour. */
function changeText({
  value,
  value_before: before,
  change_percent: change,
}: SectionRows['headline']): string {
  if (change === null) {
    return value !== null && before !== value ? 'new' : '-';
  }
  const arrow = /^-/.test(change) ? '▼' : /[1-9]/.test(change) ? '▲' : '=';
  return `${arrow} ${arrow === '▲' ? '+' : ''}${grouped(change)}%`;
}

function daysView(
  rows: readonly SectionRows['days'][],
  { width, colors }: Page,
): { title: string; lines: string[] } | undefined {
  const [first] = rows;
  if (first === undefined) {
    return undefined;
  }
  const isOneYear = rows.at(-1)?.date_key.slice(0, 4) === first.date_key.slice(0, 4);
  const columns = rows.map((row) => ({
    value: Number(row.revenue),
    label: isOneYear ? row.date_key.slice(5) : row.date_key,
  }));
  const { lines, each } = columnChart(columns, width, CHART_HEIGHT);
  const best = rows.reduce((a, b) => (cents(b.revenue) > cents(a.revenue) ? b : a));
  const weakest = rows.reduce((a, b) => (cents(b.revenue) < cents(a.revenue) ? b : a));
  return {
    title: each === 1 ? 'Revenue by day' : `Revenue by day, each column ${String(each)} days`,
    lines: [
      // Only the columns are coloured, not the axis and its labels.
      ...lines.map((line) => line.replace(/[▁-█▀▔][▁-█▀▔ ]*/, (blocks) => colors.cyan(blocks))),
      `best    ${best.date_key}  ${grouped(best.revenue)}`,
      `weakest ${weakest.date_key}  ${grouped(weakest.revenue)}`,
    ],
  };
}

function stateView(
  rows: readonly SectionRows['state'][],
  { colors }: Page,
): { title: string; lines: string[] } | undefined {
  const [state] = rows;
  if (state === undefined) {
    return undefined;
  }
  const isBehind = state.waiting_events !== '0' || state.waiting_days !== '0';
  const facts: [string, string][] = [
    ['Last event', utc(state.last_event_at)],
    ['Last landed', utc(state.last_landed_at)],
    ['Events landed', grouped(state.landed_events)],
    ['Waiting for promotion', counted(state.waiting_events, 'event')],
  ];
  if (state.waiting_days !== '0') {
    facts.push(['Waiting for gold', counted(state.waiting_days, 'day')]);
  }
  facts.push(
    ['Quarantined, open', counted(state.quarantined_events, 'event')],
    ['Last promotion', utc(state.last_promoted_at)],
  );
  if (state.last_promote_outcome !== null && state.last_promote_outcome !== 'done') {
    facts.push([
      'Latest run of promote',
      `${state.last_promote_outcome}, begun ${utc(state.last_promote_started_at)}`,
    ]);
  }
  const longest = Math.max(...facts.map(([label]) => label.length));
  const lines = facts.map(([label, value]) => `${label.padEnd(longest)}  ${value}`);
  return {
    title: 'State of the data',
    lines: isBehind ? [...lines, colors.yellow('Next: medallion promote')] : lines,
  };
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
  if (rows.length === 0) {
    return [];
  }
  const share = percentage<Row>('share', (row) => row.share_percent);
  return fittedTable(
    [...columns, share],
    rows,
    page.width,
    amountBars((row) => row.revenue, page),
  );
}

function amountBars<Row>(amount: (row: Row) => string, { colors }: Page): BarColumn<Row> {
  return { value: (row) => Number(amount(row)), paint: colors.cyan };
}

function leadersTitle(
  title: string,
  rows: readonly unknown[],
  { top }: Page,
  which = 'top',
): string {
  return rows.length < top ? title : `${title}, ${which} ${String(top)}`;
}

/** Two decimals as a whole number of hundredths, to compare exactly. */
function cents(amount: string): bigint {
  return BigInt(amount.replace('.', ''));
}

function signed(amount: string): string {
  return /^-|^0(\.0+)?$/.test(amount) ? amount : `+${amount}`;
}

function orderChange({ old_orders: before, new_orders: now }: SectionRows['restatements']): string {
  return before === now ? grouped(now) : `${grouped(before)} → ${grouped(now)}`;
}

/** PostgreSQL's "2026-01-03 22:12:43.5+00" to the second. */
function instant(timestamp: string): string {
  return timestamp.replace(/(\.\d+)?[+-]\d\d(:\d\d)*/, '');
}

function utc(timestamp: string | null): string {
  return timestamp === null ? '-' : `${instant(timestamp)} UTC`;
}
