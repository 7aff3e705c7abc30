import type { SectionRows } from '../../../query/report/sections.ts';
import { counted, grouped } from '../../../number.ts';
import { cents, dayLabel, fromCents, type DayFigure } from '../report-text.ts';
import type { StackPoint, TimePoint } from './charts.ts';

/** Days as points of charts: neighbours share one where there are more than a chart can show. */

type Day = SectionRows['days'];

/** More columns than this are thinner than the gaps between them. */
const MAX_POINTS = 124;

/** How many of so many days share one point. */
export function eachOf(days: number): number {
  return Math.max(1, Math.ceil(days / MAX_POINTS));
}

function partsOf<Item>(days: readonly Item[], each: number): Item[][] {
  return Array.from({ length: Math.ceil(days.length / each) }, (_, part) =>
    days.slice(part * each, (part + 1) * each),
  );
}

function spanOf(days: readonly string[]): string {
  const [first = '', last = first] = [days[0], days.at(-1)];
  return first === last ? first : `${first} to ${last}`;
}

/** How many days share a column, and how many are left for the last one; nothing where each has its own. */
export function eachNote(days: number): string | undefined {
  const each = eachOf(days);
  const left = days % each;
  return each === 1
    ? undefined
    : `Each column is ${String(each)} days${left === 0 ? '' : `, the last one ${String(left)}`}`;
}

/** Figures of each day, or the sums of each few days, to stand on top of one another. */
export function stackOf(
  days: readonly string[],
  series: readonly { readonly name: string; readonly values: readonly number[] }[],
  written: (value: number) => string,
): StackPoint[] {
  const each = eachOf(days.length);
  const named = days.map((day) => ({ date_key: day }));
  return partsOf(days, each).map((part, index) => ({
    label: dayLabel(part[0] ?? '', named),
    parts: series.map(({ name, values }) => {
      const value = values
        .slice(index * each, index * each + part.length)
        .reduce((sum, figure) => sum + figure, 0);
      return { value, title: `${spanOf(part)}, ${name}: ${written(value)}` };
    }),
  }));
}

/** The figure of each day, or of each few days. */
export function pointsOf(days: readonly Day[], figure: DayFigure): TimePoint[] {
  return partsOf(days, eachOf(days.length)).map((part) => {
    const { value, text } = figureOf(part, figure);
    const span = spanOf(part.map((day) => day.date_key));
    return { value, label: dayLabel(part[0]?.date_key ?? '', days), title: `${span}: ${text}` };
  });
}

/** What the days come to: exact as text, near enough to draw as a number. */
function figureOf(days: readonly Day[], figure: DayFigure): { value: number | null; text: string } {
  const orders = sumOf(days, 'orders');
  switch (figure) {
    case 'revenue': {
      const text = fromCents(days.reduce((sum, day) => sum + cents(day.revenue), 0n));
      return { value: Number(text), text: grouped(text) };
    }
    case 'average_ticket': {
      const [day] = days;
      if (orders === 0n) {
        return { value: null, text: 'no orders' };
      }
      // Several days have no mean of their own in gold; where it lies can be drawn, not said.
      return days.length === 1 && day !== undefined
        ? { value: Number(day.average_ticket), text: grouped(day.average_ticket ?? '') }
        : {
            value: days.reduce((sum, { revenue }) => sum + Number(revenue), 0) / Number(orders),
            text: counted(orders, 'order'),
          };
    }
    // A customer who buys on two days is one customer of both: the days cannot say how many there are.
    case 'customers':
      return { value: Number(sumOf(days, 'customers')) / days.length, text: 'customers a day' };
    case 'orders':
      return { value: Number(orders), text: grouped(orders) };
    case 'units': {
      const units = unitsOf(days);
      return { value: Number(units), text: grouped(units) };
    }
  }
}

function sumOf(days: readonly Day[], figure: 'orders' | 'customers'): bigint {
  return days.reduce((sum, day) => sum + BigInt(day[figure]), 0n);
}

/** The units of some days, which have up to 3 decimals. */
function unitsOf(days: readonly Day[]): string {
  const thousandths = days.reduce((sum, { units }) => {
    const [whole = '', fraction = ''] = units.split('.');
    return sum + BigInt(whole + fraction.padEnd(3, '0'));
  }, 0n);
  const digits = String(thousandths).padStart(4, '0');
  return `${digits.slice(0, -3)}.${digits.slice(-3)}`.replace(/\.?0+$/, '');
}
