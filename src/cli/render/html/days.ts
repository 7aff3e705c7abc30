import type { SectionRows } from '../../../query/report/sections.ts';
import { counted, grouped } from '../../../number.ts';
import { cents, dayLabel, type DayFigure } from '../report-text.ts';
import type { TimePoint } from './charts.ts';

/** Days as points of charts: neighbours share one where there are more than a chart can show. */

type Day = SectionRows['days'];

/** More columns than this are thinner than the gaps between them. */
const MAX_POINTS = 124;

/** How many days share one point. */
export function daysEach(days: readonly Day[]): number {
  return Math.max(1, Math.ceil(days.length / MAX_POINTS));
}

/** The figure of each day, or of each few days. */
export function pointsOf(days: readonly Day[], figure: DayFigure): TimePoint[] {
  const each = daysEach(days);
  const points: TimePoint[] = [];
  for (let from = 0; from < days.length; from += each) {
    const part = days.slice(from, from + each);
    const [first, last] = [part[0]?.date_key ?? '', part.at(-1)?.date_key ?? ''];
    const { value, text } = figureOf(part, figure);
    const span = first === last ? first : `${first} to ${last}`;
    points.push({ value, label: dayLabel(first, days), title: `${span}: ${text}` });
  }
  return points;
}

/** What the days come to: exact as text, near enough to draw as a number. */
function figureOf(days: readonly Day[], figure: DayFigure): { value: number | null; text: string } {
  const orders = sumOf(days, 'orders');
  switch (figure) {
    case 'revenue': {
      const text = amount(days.reduce((sum, day) => sum + cents(day.revenue), 0n));
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
    case 'units': {
      const sum = sumOf(days, figure);
      return { value: Number(sum), text: grouped(sum) };
    }
  }
}

function sumOf(days: readonly Day[], figure: 'orders' | 'customers' | 'units'): bigint {
  return days.reduce((sum, day) => sum + BigInt(day[figure]), 0n);
}

/** Hundredths as text with two decimals. */
function amount(hundredths: bigint): string {
  const digits = String(hundredths < 0n ? -hundredths : hundredths).padStart(3, '0');
  return `${hundredths < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
