import type { ChalkInstance } from 'chalk';
import { periodBefore, type Period } from '../../report/period.ts';
import type { SectionName, SectionRows } from '../../report/sections.ts';
import { columnChart } from './chart.ts';
import { fittedTable, type BarColumn, type FittingColumn } from './fit.ts';
import { instant, utc } from './instant.ts';
import { counted, grouped } from './number.ts';

/** What every section of a page has to know. */
export interface Page {
  /** Columns that lines may have. */
  readonly width: number;
  /** How many rows the sections of leaders were asked for. */
  readonly top: number;
  readonly colors: ChalkInstance;
  readonly period: Period | undefined;
}

const CHART_HEIGHT = 8;

/** How a section looks: its title and its lines, none where there are no rows. */
export type SectionView<Name extends SectionName> = (
  rows: readonly SectionRows[Name][],
  page: Page,
) => { title: string; lines: readonly string[] };

export const VIEWS: { readonly [Name in SectionName]: SectionView<Name> } = {
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
      { ...name('category', (row) => row.category ?? '', 8), keep: 2 },
      figure('units', (row) => row.units, 3),
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
  quarantine: (rows, page) => ({
    title: 'Quarantine, open',
    lines: fittedTable<SectionRows['quarantine']>(
      [
        name('reason', (row) => row.reason, 10),
        { ...name('refused by', (row) => row.stage, 10), keep: 2 },
        figure('events', (row) => row.events),
        { ...name('last (UTC)', (row) => instant(row.last_quarantined_at), 19), keep: 1 },
      ],
      rows,
      page.width,
      amountBars((row) => row.events, page),
    ),
  }),
  restatements: (rows, page) => ({
    title: leadersTitle('Restated days', rows, page, 'latest'),
    lines: fittedTable<SectionRows['restatements']>(
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
  }),
};

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
): { title: string; lines: string[] } {
  const [first] = rows;
  if (first === undefined) {
    return { title: 'Revenue by day', lines: [] };
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
      `Best    ${best.date_key}  ${grouped(best.revenue)}`,
      `Weakest ${weakest.date_key}  ${grouped(weakest.revenue)}`,
    ],
  };
}

function stateView(
  rows: readonly SectionRows['state'][],
  { colors }: Page,
): { title: string; lines: string[] } {
  const title = 'State of the data';
  const [state] = rows;
  if (state === undefined) {
    return { title, lines: [] };
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
      `${state.last_promote_outcome}, ${utc(state.last_promote_started_at)}`,
    ]);
  }
  const longest = Math.max(...facts.map(([label]) => label.length));
  const lines = facts.map(([label, value]) => `${label.padEnd(longest)}  ${value}`);
  return {
    title,
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
