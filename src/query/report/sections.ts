import type { ResultColumn } from '../../postgres/query.ts';

/** Every section, in the order of the page. Each is one file: sql/query/report/<name>.sql. */
export const SECTION_NAMES = [
  'headline',
  'days',
  'categories',
  'products',
  'movers',
  'places',
  'statuses',
  'payments',
  'currencies',
  'segments',
  'customers',
  'state',
  'quarantine',
  'restatements',
] as const;
export type SectionName = (typeof SECTION_NAMES)[number];

/** A row as its query names the columns; values are text as PostgreSQL writes it, so that no digit is lost. */
type RowOf<Column extends string, Nullable extends string = never> = Readonly<
  Record<Column, string> & Record<Nullable, string | null>
>;

export interface SectionRows {
  headline: RowOf<'figure', 'value' | 'value_before' | 'change_percent'>;
  days: RowOf<'date_key' | 'orders' | 'customers' | 'units' | 'revenue', 'average_ticket'>;
  categories: RowOf<'category' | 'units' | 'order_lines' | 'revenue', 'share_percent'>;
  products: RowOf<
    'product' | 'units' | 'revenue' | 'margin',
    'category' | 'margin_percent' | 'share_percent'
  >;
  movers: RowOf<'product' | 'before' | 'revenue' | 'change', 'change_percent'>;
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
    'landed_events' | 'waiting_events' | 'waiting_days' | 'quarantined_events',
    | 'last_event_at'
    | 'last_landed_at'
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

/** What a query can ask for: the first and last day of the period, and how many rows. */
export interface SectionParameters {
  readonly since: string;
  readonly until: string;
  readonly top: number;
}

const PERIOD = ['since', 'until'] as const;
const PERIOD_AND_TOP = ['since', 'until', 'top'] as const;

/** $1, $2, .. of each section's query. */
const PARAMETERS: Readonly<Record<SectionName, readonly (keyof SectionParameters)[]>> = {
  headline: PERIOD,
  days: PERIOD,
  categories: PERIOD,
  products: PERIOD_AND_TOP,
  movers: PERIOD_AND_TOP,
  places: PERIOD_AND_TOP,
  statuses: PERIOD,
  payments: PERIOD,
  currencies: PERIOD,
  segments: [],
  customers: ['top'],
  state: [],
  quarantine: [],
  restatements: PERIOD_AND_TOP,
};

/** Sections that say something before there are sales. */
export const SECTIONS_WITHOUT_SALES: readonly SectionName[] = ['state', 'quarantine'];

/** What $1, $2, .. of a section's query are. */
export function sectionValues(
  name: SectionName,
  parameters: SectionParameters,
): (string | number)[] {
  return PARAMETERS[name].map((parameter) => parameters[parameter]);
}
