import { grouped } from '../number.ts';
import type { Status } from './status.ts';

/** What a probe takes; undefined is no limit. */
export interface Limits {
  /** Events that wait in the log, and events that wait in bronze. */
  readonly maxLag?: number | undefined;
  /** How long an event, or a day of gold, has waited: seconds. */
  readonly maxAgeSeconds?: number | undefined;
}

/** A limit that is broken, or that nobody can judge. */
export interface Breach {
  readonly text: string;
  readonly isKnown: boolean;
}

/** Which limits do not hold, in the order of the pipeline. */
export function breaches(
  { lag, promotion, gold, log }: Status,
  { maxLag, maxAgeSeconds }: Limits,
): Breach[] {
  const most = (count: number, what: string): string =>
    `${grouped(count)} events ${what}, more than --max-lag ${String(maxLag)}`;
  const longest = (seconds: number, what: string): string =>
    `${what} for ${String(Math.floor(seconds))}s, longer than --max-age ${String(maxAgeSeconds)}s`;
  const wait = `events wait in the ${log} is not known`;
  const looks = [
    [lag.count, maxLag, most, `of the ${log} are not ingested`, `how many ${wait}`],
    [promotion.count, maxLag, most, 'wait for promotion', ''],
    [
      lag.seconds,
      maxAgeSeconds,
      longest,
      `an event of the ${log} has waited for ingest`,
      `how long ${wait}`,
    ],
    [promotion.seconds, maxAgeSeconds, longest, 'an event has waited for promotion', ''],
    [gold.seconds, maxAgeSeconds, longest, 'a day has waited to be published in gold', ''],
  ] as const;
  return looks.flatMap(([value, limit, textOf, what, unknown]) => {
    if (limit === undefined || (value !== undefined && value <= limit)) {
      return [];
    }
    return value === undefined
      ? { text: unknown, isKnown: false }
      : { text: textOf(value, what), isKnown: true };
  });
}
