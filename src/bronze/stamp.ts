import type { LogRecord } from '../log/log.ts';

const YEAR_1 = Date.parse('0001-01-01T00:00:00Z');
const YEAR_9999 = Date.parse('9999-12-31T23:59:59.999Z');

/** Seconds taken for milliseconds, 0 and -1 (none) lie before this; no log is older. */
const EARLIEST = Date.parse('1971-01-01T00:00:00Z');
/** Clocks differ; Kafka itself takes no more by default since 3.6. */
const AHEAD_MS = 60 * 60 * 1000;

type Stamped = Pick<LogRecord, 'timestamp'>;

/** A producer may set any 64-bit number as a timestamp; bronze keeps it within the years 1 to 9999. */
export function producedAt({ timestamp }: Stamped): number {
  return Math.trunc(Math.min(Math.max(timestamp, YEAR_1), YEAR_9999));
}

/** Whether the log can have taken the record in then: not before there were logs, and not after it was written. */
export function isPlausible({ timestamp }: Stamped, writtenAt: number): boolean {
  return timestamp >= EARLIEST && timestamp <= writtenAt + AHEAD_MS;
}

/** Unix milliseconds of the latest record. One whose time cannot be right counts as of when it was written. */
export function latestOf(records: readonly Stamped[], writtenAt: number): number | undefined {
  let latest: number | undefined;
  for (const record of records) {
    const at = isPlausible(record, writtenAt) ? record.timestamp : writtenAt;
    latest = latest === undefined ? at : Math.max(latest, at);
  }
  return latest;
}
