import { dayOf, SECONDS_OF_DAY } from './timeline.ts';

/** Amounts and times as the text that stands in an event. */

const TWO_DIGITS = Array.from({ length: 100 }, (_, number) => String(number).padStart(2, '0'));
/** Decimals as existing producers write them: at least one digit, no second zero. */
const CENTS = TWO_DIGITS.map((digits) => `.${digits.endsWith('0') ? digits.slice(0, 1) : digits}`);

/** Whole cents, not negative, as a JSON number: 4060 is 40.6, 500 is 5.0. */
export function amountText(cents: number): string {
  const rest = cents % 100;
  return `${String((cents - rest) / 100)}${CENTS[rest] ?? ''}`;
}

let cachedDay = Number.NaN;
let cachedMonth = 0;
let dashed = '';
let plain = '';

function rememberDay(day: number): void {
  if (day !== cachedDay) {
    cachedDay = day;
    dashed = dayOf(day * SECONDS_OF_DAY);
    plain = dashed.replaceAll('-', '');
    cachedMonth = (Number(dashed.slice(0, 4)) - 1970) * 12 + Number(dashed.slice(5, 7)) - 1;
  }
}

/** `2026-01-03T22:12:43` for a Unix time. */
export function isoTime(second: number): string {
  const [hours, minutes, seconds] = clock(second);
  return `${dashed}T${hours}:${minutes}:${seconds}`;
}

/** `20260103221243` for a Unix time. */
export function compactTime(second: number): string {
  const [hours, minutes, seconds] = clock(second);
  return `${plain}${hours}${minutes}${seconds}`;
}

/** The time of day, after its day is remembered. */
function clock(second: number): [hours: string, minutes: string, seconds: string] {
  const day = Math.floor(second / SECONDS_OF_DAY);
  rememberDay(day);
  const rest = second - day * SECONDS_OF_DAY;
  const digits = (value: number): string => TWO_DIGITS[value] ?? '';
  return [digits(Math.floor(rest / 3600)), digits(Math.floor(rest / 60) % 60), digits(rest % 60)];
}

/** The month of a Unix time, counted from January 1970. */
export function monthOf(second: number): number {
  rememberDay(Math.floor(second / SECONDS_OF_DAY));
  return cachedMonth;
}
