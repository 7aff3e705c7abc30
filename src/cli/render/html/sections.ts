import type { SectionName, SectionRows } from '../../../query/report/sections.ts';
import { grouped } from '../../../number.ts';
import {
  changeText,
  figureName,
  figureValue,
  isBehind,
  isDayFigure,
  orderChange,
  outstandingDays,
  signed,
  stateFacts,
} from '../report-text.ts';
import { amountBars, columnsOverTime, lineOverTime, sparkline, type Amount } from './charts.ts';
import { daysEach, pointsOf } from './days.ts';
import { html, type Markup } from './markup.ts';

/** How sections look above their tables. */

/** A section's rows drawn; undefined where its table says it all. */
export type SectionChart<Name extends SectionName> = (
  rows: readonly SectionRows[Name][],
) => Markup | undefined;

const FIGURE_SPACE = '\u2007';
const SHARE_WIDTH = 6;

/** A bar chart of leaders stays a picture up to here; the table has them all. */
const MAX_BARS = 20;

export const CHARTS: { readonly [Name in SectionName]: SectionChart<Name> } = {
  headline: () => undefined,
  days: (days) => daysChart(days),
  categories: bars('Revenue by category', (row) => revenueOf(row.category, row)),
  products: bars('Revenue by product', (row) =>
    revenueOf(row.category === null ? row.product : `${row.product}, ${row.category}`, row),
  ),
  movers: bars('Change of revenue by product', (row) => ({
    ...amountOf(row.product, row.change),
    text: signed(grouped(row.change)),
  })),
  places: bars('Revenue by place', (row) => revenueOf(`${row.city}, ${row.country}`, row)),
  statuses: bars('Orders by status', (row) =>
    shareOf(row.status ?? '–', row.orders, row.share_percent),
  ),
  currencies: bars('Orders by currency', (row) =>
    shareOf(row.currency ?? '–', row.orders, row.share_percent),
  ),
  payments: bars('Revenue by payment method', (row) => revenueOf(row.payment_method ?? '–', row)),
  segments: bars('Revenue by customer segment', (row) => revenueOf(row.segment, row)),
  customers: bars('Revenue by customer', (row) =>
    amountOf([row.customer, row.city, row.segment].filter(Boolean).join(', '), row.revenue),
  ),
  state: ([state]) =>
    state &&
    html`<dl class="facts">
      ${stateFacts(state).map(
        ([name, value]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>`,
  quarantine: bars('Rejected events by reason', (row) =>
    amountOf(`${row.reason}, by ${row.stage}`, row.events),
  ),
  restatements: bars('Changes of published days', (row) => ({
    ...amountOf(`${row.date_key}, orders ${orderChange(row)}`, row.change),
    text: signed(grouped(row.change)),
  })),
};

/** The headline as cards, each with the course of its figure over the days where those are known. */
export function headlineCards(
  figures: readonly SectionRows['headline'][],
  days: readonly SectionRows['days'][],
): Markup {
  return html`<div class="cards">
    ${figures.map((figure) => {
      const change = changeText(figure);
      const tone = change.startsWith('▲') ? 'gain' : change.startsWith('▼') ? 'loss' : 'even';
      const value = figureValue(figure.figure, figure.value, '–');
      const name = figureName(figure.figure);
      return html`<article class="card">
        <h3>${name}</h3>
        <p class="value" data-figure="${figure.figure}" data-length="${lengthOf(value)}">
          ${value}
        </p>
        <p class="change">
          <span class="${tone}" data-change="${figure.figure}">${change}</span>
          <span class="before">before ${figureValue(figure.figure, figure.value_before, '–')}</span>
        </p>
        ${
          days.length > 1 && isDayFigure(figure.figure)
            ? sparkline(`${name} by day`, pointsOf(days, figure.figure))
            : undefined
        }
      </article>`;
    })}
  </div>`;
}

/** Characters of a figure, up to which it may have letters of that size. */
const LENGTHS = { short: 9, medium: 13, long: 16 };

/** What the style sheet has to know of a figure to keep it inside its card. */
function lengthOf(figure: string): string {
  const [size = 'huge'] = Object.entries(LENGTHS).find(([, most]) => figure.length <= most) ?? [];
  return size;
}

/** A word for those who would take figures that are behind for the last ones. */
export function behindNote([state]: readonly SectionRows['state'][]): Markup | undefined {
  return state !== undefined && isBehind(state)
    ? html`<p class="behind">
        Not all that is in bronze is in these figures yet. Next: <code>medallion promote</code>
      </p>`
    : undefined;
}

function daysChart(days: readonly SectionRows['days'][]): Markup | undefined {
  const outstanding = outstandingDays(days);
  if (outstanding === undefined) {
    return undefined;
  }
  const { best, weakest, withoutSale } = outstanding;
  const each = daysEach(days);
  const day = (word: string, { date_key: key, revenue }: SectionRows['days']): Markup =>
    html`<span>${word} ${key}, <b>${grouped(revenue)}</b></span>`;
  return html`${columnsOverTime('Revenue by day', pointsOf(days, 'revenue'))}
    <p class="note">
      ${best && day('Best', best)} ${weakest && day('Weakest', weakest)}
      ${withoutSale === undefined ? undefined : html`<span>No sale on ${withoutSale}</span>`}
      ${each === 1 ? undefined : html`<span>${eachText(each, days.length % each)}</span>`}
    </p>
    <div class="pair">
      <div>
        <h3>Orders</h3>
        ${lineOverTime('Orders by day', pointsOf(days, 'orders'))}
      </div>
      <div>
        <h3>Average ticket</h3>
        ${lineOverTime('Average ticket by day', pointsOf(days, 'average_ticket'))}
      </div>
    </div>`;
}

/** How many days share a column, and how many are left for the last one. */
function eachText(each: number, left: number): string {
  return `Each column is ${String(each)} days${left === 0 ? '' : `, the last one ${String(left)}`}`;
}

function bars<Row>(
  label: string,
  amount: (row: Row) => Amount,
): (rows: readonly Row[]) => Markup | undefined {
  return (rows) => {
    if (rows.length === 0) {
      return undefined;
    }
    const chart = amountBars(label, rows.slice(0, MAX_BARS).map(amount));
    return rows.length <= MAX_BARS
      ? chart
      : html`${chart}
          <p class="note">The first ${String(MAX_BARS)} of ${String(rows.length)}</p>`;
  };
}

function revenueOf(
  name: string,
  row: { readonly revenue: string; readonly share_percent: string | null },
): Amount {
  return shareOf(name, row.revenue, row.share_percent);
}

/** An amount with its share of all. */
function shareOf(name: string, figure: string, percent: string | null): Amount {
  const { text, ...amount } = amountOf(name, figure);
  // As wide as 100.0, so that the amounts stand below one another.
  const share = grouped(percent ?? '').padStart(SHARE_WIDTH, FIGURE_SPACE);
  return { ...amount, text: percent === null ? text : `${text}${share}%` };
}

function amountOf(name: string, figure: string): Amount {
  return { name, value: Number(figure), text: grouped(figure) };
}
