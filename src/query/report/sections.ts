import type { ResultColumn } from '../../postgres/query.ts';

/** What a query can ask for: the first and last day of the period, and how many rows. */
export interface SectionParameters {
  readonly since: string;
  readonly until: string;
  readonly top: number;
}

interface Declaration {
  /** The heading, which is also that of the panel in Grafana. */
  readonly title: string;
  /** $1, $2, .. of its query, sql/query/report/<name>.sql. */
  readonly parameters: readonly (keyof SectionParameters)[];
  /** Has no more rows than asked for: the first ones in this sense. */
  readonly leaders?: 'top' | 'latest';
  readonly isOfAllTime?: true;
  /** Says something before there are sales. */
  readonly isAboutData?: true;
  /** A whole report leaves it out where it is empty: that is the good news. */
  readonly isTrouble?: true;
  /** As wide as a page for a browser; the others stand there in two columns, beside one of their size. */
  readonly isWide?: true;
}

const PERIOD = ['since', 'until'] as const;
const PERIOD_AND_TOP = ['since', 'until', 'top'] as const;

/** Every section, in the order of the report. */
export const SECTIONS = {
  headline: { title: 'Headline', parameters: PERIOD, isWide: true },
  days: { title: 'Revenue by day', parameters: PERIOD, isWide: true },
  net_sales: { title: 'Net sales', parameters: PERIOD, isWide: true },
  categories_by_day: { title: 'Categories by day', parameters: PERIOD },
  categories: { title: 'Categories', parameters: PERIOD },
  products: { title: 'Products', parameters: PERIOD_AND_TOP, leaders: 'top' },
  movers: { title: 'Movers', parameters: PERIOD_AND_TOP, leaders: 'top' },
  places: { title: 'Places', parameters: PERIOD_AND_TOP, leaders: 'top' },
  customers: { title: 'Customers', parameters: ['top'], leaders: 'top', isOfAllTime: true },
  hours: { title: 'Orders by weekday and hour', parameters: PERIOD, isWide: true },
  payments: { title: 'Payment methods', parameters: PERIOD },
  statuses: { title: 'Order status', parameters: PERIOD },
  currencies: { title: 'Currencies', parameters: PERIOD },
  segments: { title: 'Customer segments', parameters: [], isOfAllTime: true },
  new_and_returning: { title: 'New and returning customers', parameters: PERIOD, isWide: true },
  cohorts: { title: 'Cohorts', parameters: ['until'], isWide: true },
  state: { title: 'State of the data', parameters: [], isAboutData: true },
  quarantine: { title: 'Quarantine, open', parameters: [], isAboutData: true, isTrouble: true },
  restatements: {
    ...{ title: 'Restated days', parameters: PERIOD_AND_TOP, leaders: 'latest' },
    isTrouble: true,
  },
} as const satisfies Readonly<Record<string, Declaration>>;

export type SectionName = keyof typeof SECTIONS;
export const SECTION_NAMES = Object.keys(SECTIONS) as readonly SectionName[];

export function declarationOf(name: SectionName): Declaration {
  return SECTIONS[name];
}

/** A row as its query names the columns; values are text as PostgreSQL writes it, so that no digit is lost. */
type RowOf<Column extends string, Nullable extends string = never> = Readonly<
  Record<Column, string> & Record<Nullable, string | null>
>;

/** Columns of two hours, by the first of each. */
export const HOURS = [
  ...(['hour_00', 'hour_02', 'hour_04', 'hour_06', 'hour_08', 'hour_10'] as const),
  ...(['hour_12', 'hour_14', 'hour_16', 'hour_18', 'hour_20', 'hour_22'] as const),
] as const;

/** Columns of the months after the first one. */
export const MONTHS = [
  ...(['month_1', 'month_2', 'month_3', 'month_4', 'month_5', 'month_6'] as const),
  ...(['month_7', 'month_8', 'month_9', 'month_10', 'month_11'] as const),
] as const;

/** Amounts that make up net sales, in the words and the order of Shopify. */
export const NET_SALES = [
  ...(['gross_sales', 'discounts', 'returns', 'net_sales'] as const),
  ...(['shipping', 'taxes', 'total_sales'] as const),
] as const;

export interface SectionRows {
  headline: RowOf<'figure', 'value' | 'value_before' | 'change_percent'>;
  days: RowOf<
    'date_key' | 'orders' | 'customers' | 'units' | 'revenue' | 'mean_of_7_days',
    'average_ticket'
  >;
  net_sales: RowOf<'currency' | 'orders' | (typeof NET_SALES)[number]>;
  categories_by_day: RowOf<'date_key' | 'category' | 'revenue'>;
  categories: RowOf<'category' | 'units' | 'order_lines' | 'revenue', 'share_percent'>;
  products: RowOf<
    'product' | 'units' | 'revenue' | 'margin',
    'category' | 'margin_percent' | 'share_percent'
  >;
  movers: RowOf<'product' | 'before' | 'revenue' | 'change', 'change_percent'>;
  hours: RowOf<'weekday' | (typeof HOURS)[number]>;
  new_and_returning: RowOf<'date_key' | 'new_customers' | 'returning_customers'>;
  cohorts: RowOf<'first_month' | 'customers', (typeof MONTHS)[number]>;
  places: RowOf<'country' | 'city' | 'orders' | 'revenue', 'share_percent'>;
  statuses: RowOf<'orders' | 'revenue', 'status' | 'share_percent'>;
  currencies: RowOf<'orders' | 'revenue', 'currency' | 'share_percent'>;
  payments: RowOf<'orders' | 'revenue', 'payment_method' | 'average_ticket' | 'share_percent'>;
  segments: RowOf<'segment' | 'customers' | 'orders' | 'revenue', 'share_percent'>;
  customers: RowOf<
    'customer' | 'segment' | 'orders' | 'revenue' | 'last_order_at',
    'country' | 'city'
  >;
  state: RowOf<
    'ingested_events' | 'waiting_events' | 'waiting_days' | 'quarantined_events',
    | 'last_event_at'
    | 'last_ingested_at'
    | 'last_promoted_at'
    | 'last_promote_started_at'
    | 'last_promote_outcome'
  >;
  quarantine: RowOf<'stage' | 'reason' | 'events' | 'last_quarantined_at'>;
  restatements: RowOf<
    | 'date_key'
    | 'restated_at'
    | 'run_id'
    | 'late_events'
    | 'old_orders'
    | 'new_orders'
    | 'old_total'
    | 'new_total'
    | 'change'
  >;
}

export interface Section<Name extends SectionName> {
  readonly columns: readonly ResultColumn[];
  readonly rows: readonly SectionRows[Name][];
}

/** The sections that were asked for. */
export type Sections = { readonly [Name in SectionName]?: Section<Name> };

/** What $1, $2, .. of a section's query are. */
export function sectionValues(
  name: SectionName,
  parameters: SectionParameters,
): (string | number)[] {
  return declarationOf(name).parameters.map((parameter) => parameters[parameter]);
}
