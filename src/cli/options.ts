import { InvalidArgumentError } from 'commander';

/** Parsers for option values; commander turns what they throw into one clear line and exit code 2. */

export function parseCount(value: string): number {
  const digits = value.replaceAll(/[_,]/g, '');
  const count = Number(digits);
  if (!/^\d+$/.test(digits) || !Number.isSafeInteger(count) || count < 1) {
    throw new InvalidArgumentError('It must be a whole number from 1.');
  }
  return count;
}

export function parseSeed(value: string): number {
  const seed = Number(value);
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(seed)) {
    throw new InvalidArgumentError('It must be a whole number from 0.');
  }
  return seed;
}

/** A share of events: 0.05 or 5%. */
export function parseShare(value: string): number {
  const match = /^(\d+(?:\.\d+)?|\.\d+)(%?)$/.exec(value.trim());
  const share = match === null ? Number.NaN : Number(match[1]) / (match[2] === '%' ? 100 : 1);
  if (!(share >= 0 && share <= 1)) {
    throw new InvalidArgumentError('It must be a share from 0 to 1, or a percentage: 0.05 or 5%.');
  }
  return share;
}

export function parseRate(value: string): number {
  const rate = Number(value);
  if (!(rate > 0) || !Number.isFinite(rate)) {
    throw new InvalidArgumentError('It must be a number of events a second, above 0.');
  }
  return rate;
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A duration in milliseconds: 500ms, 10s, 5m, 2h, 1d; a bare number is seconds. */
export function parseDuration(value: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(value.trim());
  if (match === null) {
    throw new InvalidArgumentError('It must be a duration: 500ms, 10s, 5m, 2h or 1d.');
  }
  return Number(match[1]) * (UNIT_MS[match[2] ?? 's'] ?? 1000);
}

/** A UTC day as YYYY-MM-DD. Also taken: today, yesterday, and 7d, 4w, 3m, 1y (that long before today). */
export function parseDay(value: string): string {
  const today = new Date(new Date().toISOString().slice(0, 10));
  const relative = /^(\d{1,5})([dwmy])$/.exec(value);
  if (value === 'yesterday') {
    today.setUTCDate(today.getUTCDate() - 1);
  } else if (relative !== null) {
    const count = Number(relative[1]);
    switch (relative[2]) {
      case 'd':
        today.setUTCDate(today.getUTCDate() - count);
        break;
      case 'w':
        today.setUTCDate(today.getUTCDate() - 7 * count);
        break;
      case 'm':
        today.setUTCMonth(today.getUTCMonth() - count);
        break;
      default:
        today.setUTCFullYear(today.getUTCFullYear() - count);
    }
  } else if (value !== 'today') {
    const day = new Date(`${value}T00:00:00Z`);
    if (!/^\d{4}-\d\d-\d\d$/.test(value) || Number.isNaN(day.getTime()) || !day.toISOString().startsWith(value)) {
      throw new InvalidArgumentError('It must be a day: 2026-01-31, today, yesterday, or 7d, 4w, 3m, 1y ago.');
    }
    return value;
  }
  return today.toISOString().slice(0, 10);
}

/** A size for DuckDB's memory limit: 400MB, 1.5GB, 2GiB. */
export function parseMemory(value: string): string {
  const match = /^(\d+(?:\.\d+)?)\s*([KMGT]i?B)$/i.exec(value.trim());
  if (match === null || Number(match[1]) <= 0) {
    throw new InvalidArgumentError('It must be a size: 400MB, 1.5GB, 2GiB.');
  }
  return `${match[1] ?? ''}${match[2] ?? ''}`;
}
