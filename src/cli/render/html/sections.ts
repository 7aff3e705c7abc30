import { daysBetween } from '../../../query/report/period.ts';
import {
  HOURS,
  MONTHS,
  NET_SALES,
  type SectionName,
  type SectionRows,
} from '../../../query/report/sections.ts';
import { grouped } from '../../../number.ts';
import {
  categoryTotals,
  changeText,
  columnName,
  figureName,
  figureValue,
  isBehind,
  isDayFigure,
  MEAN,
  orderChange,
  outstandingDays,
  signed,
  stateFacts,
} from '../report-text.ts';
import {
  amountBars,
  columnsOverTime,
  lineOverTime,
  sparkline,
  stackedOverTime,
  type Amount,
} from './charts.ts';
import { eachNote, eachOf, pointsOf, stackOf } from './days.ts';
import { heatMap } from './heat-map.ts';
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
  days: daysChart,
  net_sales: netSales,
  categories_by_day: categoriesByDay,
  categories: bars('Revenue by category', (row) => revenueOf(row.category, row)),
  products: bars('Revenue by product', (row) =>
    revenueOf(row.category === null ? row.product : `${row.product}, ${row.category}`, row),
  ),
  movers: bars('Change of revenue by product', (row) => ({
    ...amountOf(row.product, row.change),
    text: signed(grouped(row.change)),
  })),
  hours: (weekdays) =>
    weekdays.length === 0
      ? undefined
      : heatMap('Orders by weekday and hour', {
          columns: HOURS.map(columnName),
          rows: weekdays.map((row) => ({
            name: row.weekday,
            cells: HOURS.map((hour) => ({ value: Number(row[hour]), text: grouped(row[hour]) })),
          })),
        }),
  new_and_returning: newAndReturning,
  cohorts: (rows) =>
    rows.length === 0
      ? undefined
      : html`${heatMap('Customers who bought again, by first month', {
            columns: MONTHS.map(columnName),
            rows: rows.map((row) => ({
              name: `${row.first_month}, ${grouped(row.customers)}`,
              cells: MONTHS.map((month) => {
                const percent = row[month];
                return percent === null ? null : { value: Number(percent), text: `${percent}%` };
              }),
            })),
          })}
          <p class="note">
            Customers of each first month, and how many percent of them bought so many months after
          </p>`,
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
  state: ([state]) => state && factList(stateFacts(state)),
  quarantine: bars('Rejected events by reason', (row) =>
    amountOf(`${row.reason}, by ${row.stage}`, row.events),
  ),
  restatements: bars('Changes of published days', (row) => ({
    ...amountOf(`${row.date_key}, orders ${orderChange(row)}`, row.change),
    text: signed(grouped(row.change)),
  })),
};

function factList(facts: readonly (readonly [name: string, value: string])[]): Markup {
  return html`<dl class="facts">
    ${facts.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

/** What each currency's sales are made of. */
function netSales(currencies: readonly SectionRows['net_sales'][]): Markup | undefined {
  return currencies.length === 0
    ? undefined
    : html`<div class="pair">
        ${currencies.map(
          (row) =>
            html`<div>
              <h3>${row.currency}</h3>
              ${factList(
                ([...NET_SALES, 'orders'] as const).map((name) => [
                  figureName(name),
                  grouped(row[name]),
                ]),
              )}
            </div>`,
        )}
      </div>`;
}

function categoriesByDay(rows: readonly SectionRows['categories_by_day'][]): Markup | undefined {
  const days = daysBetween(rows[0]?.date_key, rows.at(-1)?.date_key);
  const series = categoryTotals(rows).map(({ category, days: values }) => ({
    ...{ name: category, values },
  }));
  const written = (value: number): string => grouped(value.toFixed(2));
  const points = stackOf(days, series, written);
  return days.length === 0
    ? undefined
    : withLegend(stackedOverTime('Revenue by category and day', points, 'half'), series, days);
}

function newAndReturning(rows: readonly SectionRows['new_and_returning'][]): Markup | undefined {
  const series = (['new_customers', 'returning_customers'] as const).map((name) => ({
    name: figureName(name),
    values: rows.map((row) => Number(row[name])),
  }));
  const days = rows.map((row) => row.date_key);
  return series.every(({ values }) => values.every((value) => value === 0))
    ? undefined
    : withLegend(
        stackedOverTime('Customers by day', stackOf(days, series, grouped), 'wide'),
        series,
        days,
      );
}

/** A chart, and below it what its colours stand for. */
function withLegend(
  chart: Markup,
  series: readonly { readonly name: string }[],
  days: readonly string[],
): Markup {
  const note = eachNote(days.length);
  const key = (name: string, index: number): Markup =>
    html`<span class="key series-${String(index + 1)}">${name}</span>`;
  return html`${chart}
    <p class="note">
      ${series.map(({ name }, index) => key(name, index))} ${note && html`<span>${note}</span>`}
    </p>`;
}

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
  const each = eachOf(days.length);
  // A column of several days is their sum, which a mean of days stands far below.
  const mean = each === 1 ? days.map((row) => Number(row.mean_of_7_days)) : [];
  const last = days.at(-1);
  const day = (word: string, { date_key: key, revenue }: SectionRows['days']): Markup =>
    html`<span>${word} ${key}, <b>${grouped(revenue)}</b></span>`;
  return html`${columnsOverTime('Revenue by day', pointsOf(days, 'revenue'), mean)}
    <p class="note">
      ${best && day('Best', best)} ${weakest && day('Weakest', weakest)}
      ${withoutSale === undefined ? undefined : html`<span>No sale on ${withoutSale}</span>`}
      ${
        last &&
        html`<span class="${each === 1 ? 'key series-2' : ''}">
          ${MEAN} on ${last.date_key}, <b>${grouped(last.mean_of_7_days)}</b>
        </span>`
      }
      ${each === 1 ? undefined : html`<span>${eachNote(days.length)}</span>`}
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
