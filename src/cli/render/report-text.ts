import { counted, grouped } from '../../number.ts';
import { daysBetween, periodBefore, type Period } from '../../query/report/period.ts';
import type { Amounts, Report } from '../../query/report/report.ts';
import {
  declarationOf,
  SECTION_NAMES,
  type SectionName,
  type SectionRows,
} from '../../query/report/sections.ts';
import { utc } from './instant.ts';

/** What the report says in words: the same on a terminal and on a page for a browser. */

const isTrouble = (name: SectionName): boolean => declarationOf(name).isTrouble === true;

/** The sections that a reader gets to see, in their order. */
export function shownSections({ sections }: Report): SectionName[] {
  const isPart = SECTION_NAMES.some((name) => sections[name] === undefined && !isTrouble(name));
  return SECTION_NAMES.filter((name) => {
    const isEmpty = sections[name]?.rows.length === 0;
    return sections[name] !== undefined && (isPart || !isEmpty || !isTrouble(name));
  });
}

export interface TitleContext {
  /** How many rows the sections of leaders were asked for. */
  readonly top: number;
  readonly period: Period | undefined;
}

/** The heading of a section: sections of leaders say how many, where there may be more. */
export function sectionTitle(
  section: SectionName,
  rows: readonly unknown[],
  { top, period }: TitleContext,
): string {
  const { title, leaders, isOfAllTime } = declarationOf(section);
  return [
    title,
    ...(section === 'headline' && period !== undefined ? [`against ${spanBefore(period)}`] : []),
    ...(leaders === undefined || rows.length < top ? [] : [`${leaders} ${String(top)}`]),
    ...(isOfAllTime === true ? ['all time'] : []),
  ].join(', ');
}

function spanBefore(period: Period): string {
  const { since, until } = periodBefore(period);
  return `${since} to ${until}`;
}

/** Which days, and what the amounts are in. */
export function periodNote(
  { days }: Period,
  { timezone, currency }: Report['reporting'],
  { currencies }: Amounts,
): string {
  const [only, ...others] = currency === undefined ? currencies : [currency];
  return [
    counted(days, 'day'),
    timezone,
    ...(only === undefined || others.length > 0 ? [] : [only]),
  ].join(', ');
}

/** How many currencies are named. */
const NAMED_CURRENCIES = 5;

/** What is wrong with the sums of the amounts, and what to do. */
export function amountNotes({ reporting: { currency }, amounts }: Report): string[] {
  const { currencies, unrated } = amounts ?? { currencies: [], unrated: 0 };
  const named = currencies.slice(0, NAMED_CURRENCIES).join(', ');
  const more = currencies.length > NAMED_CURRENCIES ? ', ..' : '';
  return [
    ...(currency === undefined && currencies.length > 1
      ? [
          `Amounts of ${counted(currencies.length, 'currency', 'currencies')} are added up as sent (${named}${more}). To convert them, set report.currency.`,
        ]
      : []),
    ...(currency !== undefined && unrated > 0
      ? [
          `${counted(unrated, 'order')} without a rate to ${currency}: their amounts are left out. Add the rates to silver.exchange_rates.`,
        ]
      : []),
  ];
}

/** Where the sales are, when the period has none. */
export function outsideNote({ period, sections }: Report): string | undefined {
  if (period === undefined) {
    return undefined;
  }
  const { since, until, firstDay, lastDay } = period;
  const orders = sections.headline?.rows.find(({ figure }) => figure === 'orders')?.value;
  const isEmpty =
    until < firstDay ||
    since > lastDay ||
    orders === '0' ||
    sections.days?.rows.some(hasSale) === false;
  return isEmpty
    ? `There are no sales in this period. The sales are from ${firstDay} to ${lastDay}.`
    : undefined;
}

function hasSale({ orders }: SectionRows['days']): boolean {
  return orders !== '0';
}

/** Why there is nothing to report yet, and which command comes next. */
export function nothingYet(writtenEvents: Report['writtenEvents']): string[] {
  return writtenEvents === 0n
    ? [
        'The warehouse is empty.',
        'Next: medallion demo',
        '  or: medallion generate && medallion ingest',
      ]
    : [
        `${counted(writtenEvents, 'event')} in bronze, but gold holds no sales yet.`,
        'Next: medallion promote',
      ];
}

const FIGURES: Readonly<Record<string, string>> = {
  revenue: 'Revenue',
  orders: 'Orders',
  average_ticket: 'Average ticket',
  customers: 'Customers',
  units: 'Units sold',
  units_an_order: 'Units an order',
  gross_margin: 'Gross margin',
  discount_share: 'Discount share',
  repeat_rate: 'Repeat rate',
  gross_sales: 'Gross sales',
  discounts: 'Discounts',
  returns: 'Returns',
  net_sales: 'Net sales',
  shipping: 'Shipping',
  taxes: 'Taxes',
  total_sales: 'Total sales',
  new_customers: 'New',
  returning_customers: 'Returning',
};

/** Shares of a hundred: their change is in points. */
const SHARES: readonly string[] = ['gross_margin', 'discount_share', 'repeat_rate'];

/** The value of a headline figure, or that before; `none` where there is none. */
export function figureValue(figure: string, value: string | null, none: string): string {
  if (value === null) {
    return none;
  }
  return SHARES.includes(figure) ? `${value}%` : grouped(value);
}

/** A figure that each day has, too. */
export type DayFigure = Exclude<keyof SectionRows['days'], 'date_key' | 'mean_of_7_days'>;

const DAY_FIGURES: readonly string[] = [
  ...(['revenue', 'orders', 'customers', 'units', 'average_ticket'] satisfies DayFigure[]),
];

export function isDayFigure(figure: string): figure is DayFigure {
  return DAY_FIGURES.includes(figure);
}

/** The name of a figure. */
export function figureName(figure: string): string {
  return FIGURES[figure] ?? figure;
}

/** The change against the period before, with an arrow: readable without colour. */
export function changeText({
  figure,
  value,
  value_before: before,
  change_percent: percent,
}: SectionRows['headline']): string {
  const isShare = SHARES.includes(figure);
  const change = isShare ? points(value, before) : percent;
  if (change === null) {
    return value !== null && before !== value ? 'new' : '-';
  }
  const arrow = /^-/.test(change) ? '▼' : /[1-9]/.test(change) ? '▲' : '=';
  return `${arrow} ${arrow === '▲' ? '+' : ''}${grouped(change)}${isShare ? ' points' : '%'}`;
}

function points(value: string | null, before: string | null): string | null {
  return value === null || before === null ? null : (Number(value) - Number(before)).toFixed(1);
}

/** What the mean of seven days is called. */
export const MEAN = '7-day mean';

/** A column of a section as people write it: `hour_00` is 00-02, `month_1` is +1. */
export function columnName(name: string): string {
  return name
    .replace(/_percent$/, ' %')
    .replace(/^date_key$/, 'day')
    .replace(/^mean_of_7_days$/, MEAN)
    .replace(/^month_/, '+')
    .replace(/^hour_(\d\d)$/, (_, hour: string) => {
      const next = String(Number(hour) + 2).padStart(2, '0');
      return `${hour}-${next}`;
    })
    .replace(/_at$/, '')
    .replaceAll('_', ' ');
}

/** A category with what it sold, in all and on each day from the first to the last with a sale. */
export interface CategoryTotal {
  readonly category: string;
  readonly revenue: string;
  readonly days: readonly number[];
}

/** The categories, the best first and what is left over last. */
export function categoryTotals(rows: readonly SectionRows['categories_by_day'][]): CategoryTotal[] {
  const days = daysBetween(rows[0]?.date_key, rows.at(-1)?.date_key);
  const names = [...new Set(rows.map(({ category }) => category))];
  return names
    .map((category) => {
      const own = new Map(
        rows.filter((row) => row.category === category).map((row) => [row.date_key, row.revenue]),
      );
      const sum = [...own.values()].reduce((left, revenue) => left + cents(revenue), 0n);
      return { category, sum, days: days.map((day) => Number(own.get(day) ?? 0)) };
    })
    .sort((left, right) => (left.sum < right.sum ? 1 : left.sum > right.sum ? -1 : 0))
    .map(({ category, sum, days }) => ({ category, revenue: fromCents(sum), days }));
}

/** What stands out among days of which at least one has a sale. */
export interface OutstandingDays {
  /** The one with the most revenue; undefined where no day has any. */
  readonly best: SectionRows['days'] | undefined;
  /** The one with the least, of those with a sale; undefined where it is no less than the best. */
  readonly weakest: SectionRows['days'] | undefined;
  /** "3 of 31 days"; undefined where each day has a sale. */
  readonly withoutSale: string | undefined;
}

/** The days that stand out; undefined where no day has a sale. */
export function outstandingDays(days: readonly SectionRows['days'][]): OutstandingDays | undefined {
  const sold = days.filter(hasSale);
  const [first] = sold;
  if (first === undefined) {
    return undefined;
  }
  const best = sold.reduce((a, b) => (cents(b.revenue) > cents(a.revenue) ? b : a), first);
  const weakest = sold.reduce((a, b) => (cents(b.revenue) < cents(a.revenue) ? b : a), first);
  return {
    best: cents(best.revenue) === 0n ? undefined : best,
    weakest: cents(weakest.revenue) < cents(best.revenue) ? weakest : undefined,
    withoutSale:
      sold.length === days.length
        ? undefined
        : `${grouped(String(days.length - sold.length))} of ${counted(days.length, 'day')}`,
  };
}

/** Two decimals as a whole number of hundredths, to compare and add exactly. */
export function cents(amount: string): bigint {
  return BigInt(amount.replace('.', ''));
}

/** Hundredths as text with two decimals. */
export function fromCents(hundredths: bigint): string {
  const digits = String(hundredths < 0n ? -hundredths : hundredths).padStart(3, '0');
  return `${hundredths < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/** The day as an axis names it: without the year where all are of one. */
export function dayLabel(day: string, days: readonly { readonly date_key: string }[]): string {
  const isOneYear = days.at(-1)?.date_key.slice(0, 4) === days[0]?.date_key.slice(0, 4);
  return isOneYear ? day.slice(5) : day;
}

/** How fresh and how whole the data is, as names with values. */
export function stateFacts(state: SectionRows['state']): [name: string, value: string][] {
  const facts: [string, string][] = [
    ['Last event', utc(state.last_event_at)],
    ['Last event in bronze', utc(state.last_ingested_at)],
    ['Events in bronze', grouped(state.ingested_events)],
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
  return facts;
}

/** Whether something waits that these figures do not have yet. */
export function isBehind(state: SectionRows['state']): boolean {
  return state.waiting_events !== '0' || state.waiting_days !== '0';
}

/** An amount that was added or taken away. */
export function signed(amount: string): string {
  return /^-|^0(\.0+)?$/.test(amount) ? amount : `+${amount}`;
}

export function orderChange({
  old_orders: before,
  new_orders: now,
}: SectionRows['restatements']): string {
  return before === now ? grouped(now) : `${grouped(before)} → ${grouped(now)}`;
}
