import { usageError } from '../errors.ts';
import { mix, Random } from './random.ts';

/** When things happen in the stream. Times are whole Unix seconds. */
export interface Timeline {
  /** Nothing happens earlier. */
  readonly start: number;
  /** The usual length of the period in seconds, by which customers come of age. */
  readonly length: number;
  /** The time of the event with this number (0, 1, 2..); to be asked in order, and never falls. */
  at(event: number): number;
  /** The latest time that an event may carry now. */
  latest(): number;
}

/** Days as YYYY-MM-DD, UTC, both included. */
export interface Period {
  readonly since: string;
  readonly until: string;
}

export const SECONDS_OF_DAY = 86_400;
const SECONDS_OF_HOUR = 3600;
const DEFAULT_DAYS = 31;
const FIRST_DAY = '1900-01-01';

/** Orders by weekday from Sunday, and by hour of the day from midnight: what a web shop sees. */
const WEEKDAYS = [1.15, 0.9, 0.85, 0.9, 1, 1.2, 1.3];
const HOURS = [2, 1, 1, 1, 1, 2, 3, 5, 7, 8, 9, 10, 11, 10, 9, 9, 10, 11, 13, 15, 16, 14, 9, 5];
const sumOf = (weights: readonly number[]): number => weights.reduce((sum, one) => sum + one, 0);
/** The shares of the day that are over when each hour begins, and at its end. */
const BOUNDS = [0, ...HOURS.map((_, hour) => sumOf(HOURS.slice(0, hour + 1)) / sumOf(HOURS))];
/** No two days are alike: up to this share more or less. */
const DAY_NOISE = 0.12;

/**
 * The period that is meant when one or both ends are left out: 31 whole days, the last of them yesterday. Days that
 * are over, so that a seed gives the same events however often it is used today.
 * @throws MedallionError usage when it ends before it begins, or begins before events do
 */
export function resolvePeriod(since: string | undefined, until: string | undefined): Period {
  const yesterday = dayOf(Math.floor(Date.now() / 1000) - SECONDS_OF_DAY);
  const end = until ?? (since !== undefined && since > yesterday ? since : yesterday);
  const begin = since ?? dayOf(secondsOf(end) - (DEFAULT_DAYS - 1) * SECONDS_OF_DAY);
  if (begin > end) {
    throw usageError(
      `the period ends (${end}) before it begins (${begin})`,
      'Choose a --since that is not later than --until.',
    );
  }
  if (begin < FIRST_DAY) {
    throw usageError(`the period begins on ${begin}, but events cannot be older than 1900`);
  }
  return { since: begin, until: end };
}

/** `count` times spread over the period by weekday and hour, in order. Needs no memory that grows with either. */
export function historicalTimeline(period: Period, count: number, seed: number): Timeline {
  const random = new Random(seed, 1);
  const start = secondsOf(period.since);
  const end = secondsOf(period.until) + SECONDS_OF_DAY;
  const weightOf = (second: number): number => {
    const day = second / SECONDS_OF_DAY;
    const noise = 1 + ((mix(seed, day) / 2 ** 32) * 2 - 1) * DAY_NOISE;
    return (WEEKDAYS[(((day + 4) % 7) + 7) % 7] ?? 1) * noise;
  };
  let total = 0;
  for (let day = start; day < end; day += SECONDS_OF_DAY) {
    total += weightOf(day);
  }
  let day = start;
  let before = 0;
  let weight = weightOf(day);
  return {
    start,
    length: end - start,
    latest: () => end - 1,
    at(event) {
      // One draw in each of `count` equal slices of the total keeps the times in order without sorting them.
      const target = ((event + random.unit()) / count) * total;
      while (target >= before + weight && day + SECONDS_OF_DAY < end) {
        before += weight;
        day += SECONDS_OF_DAY;
        weight = weightOf(day);
      }
      return Math.min(day + secondOfDay((target - before) / weight), end - 1);
    },
  };
}

/** Times of a stream that runs now. */
export function liveTimeline(): Timeline {
  const length = DEFAULT_DAYS * SECONDS_OF_DAY;
  let last = Math.floor(Date.now() / 1000);
  return {
    start: last - length,
    length,
    at: () => (last = Math.max(last, Math.floor(Date.now() / 1000))),
    latest: () => last + 1,
  };
}

/** The UTC day of a time. */
export function dayOf(second: number): string {
  return new Date(second * 1000).toISOString().slice(0, 10);
}

/** The first second of a UTC day. */
function secondsOf(day: string): number {
  return Date.parse(`${day}T00:00:00Z`) / 1000;
}

function secondOfDay(share: number): number {
  let hour = 0;
  while (hour < 23 && share >= (BOUNDS[hour + 1] ?? 1)) {
    hour += 1;
  }
  const from = BOUNDS[hour] ?? 0;
  const within = (share - from) / ((BOUNDS[hour + 1] ?? 1) - from);
  return Math.min(Math.floor((hour + within) * SECONDS_OF_HOUR), SECONDS_OF_DAY - 1);
}
