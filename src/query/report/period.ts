import { usageError } from '../../errors.ts';

/** Days in the zone of the reports, YYYY-MM-DD, inclusive. */
export interface Period {
  readonly since: string;
  readonly until: string;
  /** How many days that is. */
  readonly days: number;
  /** The first and the last day for which gold has sales. */
  readonly firstDay: string;
  readonly lastDay: string;
}

/** Days for which gold has sales. */
export interface SalesDays {
  readonly first: string;
  readonly last: string;
  /**
   * The last one, but for days that lie more than one ahead of the clock while earlier ones do not: an event whose
   * producer had a wrong clock must not decide what everybody sees. One day, since producers may send local time.
   */
  readonly latest: string;
}

const DEFAULT_DAYS = 31;
/** The first day that is written with four digits of a year. */
const FIRST_DAY = '0001-01-01';
const DAY_MS = 86_400_000;

/**
 * The period that is meant: what was asked for; else up to the latest day with sales, and 31 days long.
 * @throws MedallionError usage
 */
export function resolvePeriod(
  asked: { readonly since?: string | undefined; readonly until?: string | undefined },
  { first: firstDay, last: lastDay, latest }: SalesDays,
): Period {
  // A period that begins after the last sale is empty, but it is one.
  const isAhead = asked.since !== undefined && asked.since > latest;
  const until = asked.until ?? (isAhead ? latestOf(asked.since, lastDay) : latest);
  const since = asked.since ?? latestOf(FIRST_DAY, addDays(until, 1 - DEFAULT_DAYS));
  const days = daysFromTo(since, until) + 1;
  if (days < 1) {
    throw usageError(`the period begins on ${since}, but ends on ${until}`);
  }
  return { since, until, days, firstDay, lastDay };
}

/** The period of the same length before: what a change is measured against. */
export function periodBefore({ since, days }: Period): { since: string; until: string } {
  return { since: addDays(since, -days), until: addDays(since, -1) };
}

/** All days from the one to the other; none where there is none. */
export function daysBetween(first: string | undefined, last: string | undefined): string[] {
  return first === undefined || last === undefined
    ? []
    : Array.from({ length: daysFromTo(first, last) + 1 }, (_, days) => addDays(first, days));
}

function latestOf(a: string, b: string): string {
  return a > b ? a : b;
}

function addDays(day: string, days: number): string {
  return new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10);
}

function daysFromTo(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / DAY_MS;
}
