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
  const found: Breach[] = [];
  const compare = (
    value: number | undefined,
    limit: number | undefined,
    unknown: string,
    text: (value: number) => string,
  ): void => {
    if (limit !== undefined && value === undefined) {
      found.push({ text: unknown, isKnown: false });
    } else if (limit !== undefined && value !== undefined && value > limit) {
      found.push({ text: text(value), isKnown: true });
    }
  };
  const events = (value: number): string => grouped(value);
  const most = maxLag === undefined ? '' : `more than --max-lag ${String(maxLag)}`;
  const longest =
    maxAgeSeconds === undefined ? '' : `longer than --max-age ${String(maxAgeSeconds)}s`;
  const waited = (value: number): string => `${String(Math.floor(value))}s, ${longest}`;
  compare(
    lag.count,
    maxLag,
    `how many events wait in the ${log} is not known`,
    (value) => `${events(value)} events of the ${log} are not ingested, ${most}`,
  );
  compare(
    promotion.count,
    maxLag,
    '',
    (value) => `${events(value)} events wait for promotion, ${most}`,
  );
  compare(
    lag.seconds,
    maxAgeSeconds,
    `how long events wait in the ${log} is not known`,
    (value) => `an event of the ${log} has waited for ingest for ${waited(value)}`,
  );
  compare(
    promotion.seconds,
    maxAgeSeconds,
    '',
    (value) => `an event has waited for promotion for ${waited(value)}`,
  );
  compare(
    gold.seconds,
    maxAgeSeconds,
    '',
    (value) => `a day has waited to be published in gold for ${waited(value)}`,
  );
  return found;
}
