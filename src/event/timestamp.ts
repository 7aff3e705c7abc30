const ISO_8601 =
  /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?(?: ?(?:Z|([+-])(\d\d)(?::?(\d\d))?))?$/;

/** The forms that are read, for people. */
export const TIMESTAMP_FORMS = 'YYYY-MM-DDThh:mm[:ss[.fff]][Z|+hh|+hhmm|+hh:mm]';

const FIRST_SECOND = '1900-01-01T00:00:00';
const MINUTE_MS = 60_000;

/**
 * An ISO 8601 time as UTC, "YYYY-MM-DDTHH:MM:SS.ffffffZ", cut off (not rounded) to microseconds. Between day and time
 * stands a T or a space, before the fraction a point or a comma, before the zone perhaps a space. Seconds that are missing
 * are 0; without a zone it is UTC. Undefined when the text is no such time, or its UTC year is not 1900 to 9999.
 */
export function toUtcTimestamp(text: string): string | undefined {
  const match = ISO_8601.exec(text);
  if (match === null) {
    return undefined;
  }
  const [, year = '', month = '', day = '', hour = '', minute = '', second = '00'] = match;
  const [fraction = '', sign = '+', offsetHour = '0', offsetMinute = '0'] = match.slice(7);
  if (hour > '23' || minute > '59' || second > '59' || offsetHour > '15' || offsetMinute > '59') {
    return undefined;
  }
  if (!isDate(Number(year), Number(month), Number(day))) {
    return undefined;
  }
  const offsetMinutes = Number(offsetHour) * 60 + Number(offsetMinute);
  let seconds = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  if (offsetMinutes !== 0) {
    const localMs = Date.parse(`${seconds}Z`);
    seconds = new Date(localMs + (sign === '-' ? offsetMinutes : -offsetMinutes) * MINUTE_MS)
      .toISOString()
      .slice(0, -'.000Z'.length);
  }
  // Beyond the year 9999 toISOString begins with a sign, and that sorts first.
  if (seconds < FIRST_SECOND) {
    return undefined;
  }
  return `${seconds}.${fraction.slice(0, 6).padEnd(6, '0')}Z`;
}

function isDate(year: number, month: number, day: number): boolean {
  const isLeapYear = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const lastDay = month === 2 ? (isLeapYear ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;
  return month >= 1 && month <= 12 && day >= 1 && day <= lastDay;
}
