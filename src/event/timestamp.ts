const ISO_8601 =
  /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:Z|([+-])(\d\d)(?::?(\d\d))?)?$/;

const FIRST_YEAR = 1900;
const LAST_YEAR = 9999;
const MAX_OFFSET_HOURS = 15;
const MINUTE_MS = 60_000;

/**
 * An ISO 8601 time as UTC, "YYYY-MM-DDTHH:MM:SS.ffffffZ", cut off (not rounded) to microseconds. Without a
 * zone it is UTC. Undefined when the text is no such time, or its UTC year is not 1900 to 9999.
 */
export function toUtcTimestamp(text: string): string | undefined {
  const match = ISO_8601.exec(text);
  if (match === null) {
    return undefined;
  }
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map(Number);
  const [fraction = '', sign = '+', offsetHour = '0', offsetMinute = '0'] = match.slice(7);
  // Date.UTC takes years below 100 for 19xx; a day's zone cannot lift any year before 1899 to 1900.
  if (year < FIRST_YEAR - 1 || hour > 23 || minute > 59 || second > 59) {
    return undefined;
  }
  if (Number(offsetHour) > MAX_OFFSET_HOURS || Number(offsetMinute) > 59) {
    return undefined;
  }
  const local = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  if (local.getUTCMonth() !== month - 1 || local.getUTCDate() !== day) {
    return undefined;
  }
  const offsetMs = (Number(offsetHour) * 60 + Number(offsetMinute)) * MINUTE_MS;
  const utc = new Date(local.getTime() - (sign === '-' ? -offsetMs : offsetMs));
  if (utc.getUTCFullYear() < FIRST_YEAR || utc.getUTCFullYear() > LAST_YEAR) {
    return undefined;
  }
  return `${utc.toISOString().slice(0, 19)}.${fraction.slice(0, 6).padEnd(6, '0')}Z`;
}
