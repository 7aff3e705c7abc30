import { InvalidArgumentError } from 'commander';
import type { RetryPolicy } from '../retry.ts';

/** Parsers for option values; commander turns what they throw into one clear line and exit code 2. */

/** A parser that reads a value, or demands another where it reads none. */
function parser<Value>(
  demand: string,
  read: (text: string) => Value | undefined,
): (text: string) => Value {
  return (text) => {
    const value = read(text);
    if (value === undefined) {
      throw new InvalidArgumentError(demand);
    }
    return value;
  };
}

/** How many of something: 20000, 20_000 or 20,000. */
export const parseCount = parser('It must be a whole number from 1.', (text) => {
  const count = Number(text.replaceAll(/[_,]/g, ''));
  const isCount = /^\d+([_,]\d+)*$/.test(text) && Number.isSafeInteger(count) && count >= 1;
  return isCount ? count : undefined;
});

/** The same, or none: a limit and an offset may be 0. */
export function parseCountFromZero(value: string): number {
  return value === '0' ? 0 : parseCount(value);
}

/** A whole number from 0 to `most`. */
function parseUpTo(most: number, demand = 'It must be a whole number from 0.') {
  return parser(demand, (text) =>
    /^\d+$/.test(text) && Number(text) <= most ? Number(text) : undefined,
  );
}

/** What decides the random choices. */
export const parseSeed = parseUpTo(Number.MAX_SAFE_INTEGER);

/** A partition of a topic. */
export const parsePartition = parseUpTo(999_999_999);

/** A TCP port to listen on; 0 is any that is free. */
export const parsePort = parseUpTo(65_535, 'It must be a port, from 0 to 65535.');

/** A share of events: 0.05 or 5%. */
export const parseShare = parser(
  'It must be a share from 0 to 1, or a percentage: 0.05 or 5%.',
  (text) => {
    const [, number, percent] = /^(\d+(?:\.\d+)?|\.\d+)(%?)$/.exec(text.trim()) ?? [];
    const share = Number(number) / (percent === '%' ? 100 : 1);
    return share <= 1 ? share : undefined;
  },
);

/** Events a second. */
export const parseRate = parser('It must be a number of events a second, above 0.', (text) => {
  const rate = Number(text);
  return /^(\d+(\.\d+)?|\.\d+)$/.test(text) && rate > 0 && Number.isFinite(rate) ? rate : undefined;
});

const UNIT_MS: Readonly<Record<string, number>> = {
  ...{ ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 },
};

/** A duration in milliseconds: 500ms, 10s, 5m, 2h, 1d; a bare number is seconds. */
export const parseDuration = parser(
  'It must be a duration above 0: 500ms, 10s, 5m, 2h or 1d.',
  (text) => {
    const [, number, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text.trim()) ?? [];
    const duration = Number(number) * (UNIT_MS[unit] ?? 1000);
    return duration > 0 ? duration : undefined;
  },
);

/** How long a lost server is waited for; said by the user, it holds from the start on. */
export function parseRetryPolicy(value: string): RetryPolicy {
  return { forMs: value.trim() === '0' ? 0 : parseDuration(value), atStart: true };
}

/** A UTC day as YYYY-MM-DD. Also taken: today, yesterday, and 7d, 4w, 3m, 1y (that long before today). */
export const parseDay = parser(
  'It must be a day: 2026-01-31, today, yesterday, or 7d, 4w, 3m, 1y ago.',
  (text) => (isDay(text) ? text : relativeDay(text, new Date())),
);

function isDay(value: string): boolean {
  const day = new Date(`${value}T00:00:00Z`);
  return (
    /^\d{4}-\d\d-\d\d$/.test(value) &&
    value >= '0001' &&
    !Number.isNaN(day.getTime()) &&
    day.toISOString().startsWith(value)
  );
}

/** A day told by its distance from today; undefined for what is no such thing, or lies before the year 1. */
function relativeDay(value: string, now: Date): string | undefined {
  const words: Readonly<Record<string, string>> = { today: '0d', yesterday: '1d' };
  const match = /^(\d{1,5})([dwmy])$/.exec(words[value] ?? value);
  if (match === null) {
    return undefined;
  }
  const count = Number(match[1]);
  const day = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()));
  if (match[2] === 'd' || match[2] === 'w') {
    day.setUTCDate(day.getUTCDate() - count * (match[2] === 'w' ? 7 : 1));
  } else {
    const date = day.getUTCDate();
    // The first of the month exists in every month; then the same day, or the last one that there is.
    day.setUTCDate(1);
    day.setUTCMonth(day.getUTCMonth() - count * (match[2] === 'y' ? 12 : 1));
    const lastDate = new Date(
      Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1, 0),
    ).getUTCDate();
    day.setUTCDate(Math.min(date, lastDate));
  }
  return day.getUTCFullYear() < 1 ? undefined : day.toISOString().slice(0, 10);
}

/** A moment in ISO 8601, UTC unless it says otherwise, or a day as `parseDay` takes it: its first moment. */
export function parseMoment(value: string): string {
  const match = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:\d\d)?$/.exec(
    value,
  );
  if (match === null) {
    return `${parseDay(value)}T00:00:00Z`;
  }
  const [, day = '', time = '', zone = 'Z'] = match;
  const moment = new Date(`${day}T${time}${zone}`);
  if (!isDay(day) || Number.isNaN(moment.getTime())) {
    throw new InvalidArgumentError('It must be a day, or a time like 2026-01-31T18:00:00Z.');
  }
  return moment.toISOString();
}

/** A size for DuckDB's memory limit: 400MB, 1.5GB, 2GiB. */
export const parseMemory = parser('It must be a size: 400MB, 1.5GB, 2GiB.', (text) => {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([KMGT]i?B)$/i.exec(text.trim()) ?? [];
  return Number(number) > 0 ? number + unit : undefined;
});
