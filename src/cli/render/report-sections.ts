import type { SectionName, SectionRows } from '../../query/report/sections.ts';
import { barColumn, fittedTable, type PageColumn, type PageColumns } from './fit.ts';
import { grouped } from '../../number.ts';
import {
  categoryLines,
  cohortLines,
  customerLines,
  daysLines,
  FIGURE,
  headlineLines,
  hourLines,
  netSalesLines,
  stateLines,
  type SectionView,
} from './report-drawn.ts';
import { orderChange, signed } from './report-text.ts';

/** Every section as lines of a terminal. */

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

/** A figure that may be left out; the lowest goes first. */
const figure = (keep: number) => ({ ...FIGURE, keep });

const SHARE = { kind: 'percent', title: 'share', none: '-' } as const;
const REVENUE = { revenue: FIGURE, share_percent: SHARE };
const CHANGE: PageColumn<{ readonly change: string }> = {
  ...{ kind: 'number', show: ({ change }) => signed(grouped(change)) },
};

export const VIEWS: { readonly [Name in SectionName]: SectionView<Name> } = {
  headline: headlineLines,
  days: daysLines,
  net_sales: netSalesLines,
  categories_by_day: categoryLines,
  hours: hourLines,
  new_and_returning: customerLines,
  cohorts: cohortLines,
  state: stateLines,
  categories: tableView<'categories'>(
    { category: { atLeast: 10 }, units: figure(2), order_lines: figure(1), ...REVENUE },
    'revenue',
  ),
  products: tableView<'products'>(
    {
      ...{ product: { atLeast: 12 }, category: { atLeast: 8, keep: 2 }, units: figure(3) },
      ...{ revenue: FIGURE, margin: figure(4) },
      margin_percent: { kind: 'percent', title: 'margin %', none: '-', keep: 1 },
      share_percent: SHARE,
    },
    'revenue',
  ),
  movers: tableView<'movers'>({
    ...{ product: { atLeast: 12 }, before: figure(2), revenue: FIGURE, change: CHANGE },
    change_percent: { kind: 'percent', title: 'change %', none: '-', keep: 1 },
  }),
  places: tableView<'places'>(
    { country: { atLeast: 7 }, city: { atLeast: 12 }, orders: figure(1), ...REVENUE },
    'revenue',
  ),
  statuses: tableView<'statuses'>(
    { status: { atLeast: 9 }, orders: FIGURE, revenue: figure(1), share_percent: SHARE },
    'orders',
  ),
  payments: tableView<'payments'>(
    {
      payment_method: { title: 'method', atLeast: 11 },
      ...{ orders: figure(2), average_ticket: figure(1), ...REVENUE },
    },
    'revenue',
  ),
  currencies: tableView<'currencies'>(
    { currency: { atLeast: 9 }, orders: FIGURE, revenue: figure(1), share_percent: SHARE },
    'orders',
  ),
  segments: tableView<'segments'>(
    { segment: { atLeast: 9 }, customers: figure(2), orders: figure(1), ...REVENUE },
    'revenue',
  ),
  customers: tableView<'customers'>(
    {
      ...{ customer: { atLeast: 10 }, country: { atLeast: 7, keep: 1 } },
      ...{ city: { atLeast: 10, keep: 2 }, segment: { atLeast: 8, keep: 4 } },
      ...{ orders: figure(5), revenue: FIGURE },
      last_order_at: {
        ...{ title: 'last order', atLeast: 10, keep: 3 },
        show: (row) => row.last_order_at.slice(0, 10),
      },
    },
    'revenue',
  ),
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
    ...{ date_key: { title: 'day', atLeast: 10 }, late_events: figure(2) },
    new_orders: { kind: 'number', title: 'orders', show: orderChange, keep: 4 },
    ...{ old_total: { ...figure(3), title: 'before' }, new_total: { ...FIGURE, title: 'now' } },
    ...{ change: CHANGE, restated_at: { kind: 'time', atLeast: 19, keep: 1 } },
  }),
};
