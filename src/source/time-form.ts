import type { TimeForm, TimePart, TimePattern } from './mapping.ts';

const DIRECTIVES: Readonly<Record<string, { part: TimePart; expression: string }>> = {
  Y: { part: 'year', expression: '(\\d{4})' },
  m: { part: 'month', expression: '(\\d{1,2})' },
  d: { part: 'day', expression: '(\\d{1,2})' },
  H: { part: 'hour', expression: '(\\d{1,2})' },
  M: { part: 'minute', expression: '(\\d{1,2})' },
  S: { part: 'second', expression: '(\\d{1,2})' },
  f: { part: 'fraction', expression: '(\\d{1,6})' },
};

const EPOCHS = { epoch_s: 0, epoch_ms: 3, epoch_us: 6, epoch_ns: 9 } as const;

export const TIME_FORMATS = `${Object.keys(EPOCHS).join(', ')}, or a pattern of ${Object.keys(
  DIRECTIVES,
)
  .map((letter) => `%${letter}`)
  .join(' ')}`;

/** @returns undefined where the format is none, or names no day */
export function parseTimeFormat(format: string): Omit<TimeForm, 'zone'> | undefined {
  if (Object.hasOwn(EPOCHS, format)) {
    return { epochDigits: EPOCHS[format as keyof typeof EPOCHS], pattern: undefined };
  }
  const pattern = parsePattern(format);
  return pattern && { epochDigits: undefined, pattern };
}

function parsePattern(format: string): TimePattern | undefined {
  const groups: Partial<Record<TimePart, number>> = {};
  let expression = '';
  let count = 0;
  for (const [token] of format.matchAll(/%.|[^%]|%$/gsu)) {
    const directive =
      token.length > 1 && token.startsWith('%') ? DIRECTIVES[token[1] ?? ''] : undefined;
    if (directive === undefined) {
      if (token.startsWith('%')) {
        return undefined;
      }
      expression += token.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
      continue;
    }
    if (groups[directive.part] !== undefined) {
      return undefined;
    }
    count += 1;
    groups[directive.part] = count;
    expression += directive.expression;
  }
  const hasDay =
    groups.year !== undefined && groups.month !== undefined && groups.day !== undefined;
  return hasDay ? { expression, groups } : undefined;
}

/**
 * A time of a source as ISO 8601, or undefined where it is none of that form; src/event/timestamp.ts has the last word.
 * @param text as sent
 */
export function isoOf(text: string, { epochDigits, pattern, zone }: TimeForm): string | undefined {
  if (epochDigits !== undefined) {
    return isoOfEpoch(text, epochDigits);
  }
  const naive = pattern === undefined ? text : isoOfPattern(text, pattern);
  if (naive === undefined || zone === undefined || (pattern === undefined && HAS_ZONE.test(text))) {
    return naive;
  }
  return inZone(naive, zone);
}

const HAS_ZONE = /(?:Z|[+-]\d\d(?::?\d\d)?)$/;
const EPOCH = /^-?\d{1,19}$/;
const MICROS = 1_000_000n;

function isoOfEpoch(text: string, digits: number): string | undefined {
  if (!EPOCH.test(text)) {
    return undefined;
  }
  const value = BigInt(text);
  const scale = 10n ** BigInt(Math.abs(6 - digits));
  // Towards the past, also before 1970.
  const micros =
    digits <= 6 ? value * scale : value / scale - (value < 0n && value % scale !== 0n ? 1n : 0n);
  const seconds = micros / MICROS - (micros < 0n && micros % MICROS !== 0n ? 1n : 0n);
  const rest = micros - seconds * MICROS;
  const date = new Date(Number(seconds) * 1000);
  return Number.isNaN(date.getTime()) || date.getUTCFullYear() > 9999 || date.getUTCFullYear() < 0
    ? undefined
    : `${date.toISOString().slice(0, 19)}.${rest.toString().padStart(6, '0')}Z`;
}

function isoOfPattern(text: string, { expression, groups }: TimePattern): string | undefined {
  const match = new RegExp(`^(?:${expression})$`).exec(text);
  if (match === null) {
    return undefined;
  }
  const part = (name: TimePart, missing: string): string =>
    groups[name] === undefined ? missing : (match[groups[name]] ?? missing);
  const two = (name: TimePart, missing = '00'): string => part(name, missing).padStart(2, '0');
  return (
    `${part('year', '')}-${two('month', '01')}-${two('day', '01')}` +
    `T${two('hour')}:${two('minute')}:${two('second')}.${part('fraction', '0')}`
  );
}

const NAIVE = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d+))?)?$/;
const HOUR_MS = 3_600_000;
const formatters = new Map<string, Intl.DateTimeFormat>();

/**
 * A time on the clocks of a zone, in UTC. A time that these show twice is the later one, one that they skip is as long after
 * midnight as the clocks before the change would say: as PostgreSQL and DuckDB read it.
 */
function inZone(naive: string, zone: string): string | undefined {
  const [, day = '', minute = '', second = '00', fraction = ''] = NAIVE.exec(naive) ?? [];
  const clock = Date.parse(`${day}T${minute}:${second}Z`);
  if (Number.isNaN(clock) || new Date(clock).toISOString().slice(0, 10) !== day) {
    return naive;
  }
  const before = offsetAt(clock - 24 * HOUR_MS, zone);
  const after = offsetAt(clock + 24 * HOUR_MS, zone);
  const candidates = [clock - after, clock - before].filter(
    (moment) => moment + offsetAt(moment, zone) === clock,
  );
  const moment = candidates.length > 0 ? Math.max(...candidates) : clock - before;
  return `${new Date(moment).toISOString().slice(0, 19)}.${fraction.slice(0, 6).padEnd(6, '0')}Z`;
}

/** How far the clocks of a zone are ahead of UTC, milliseconds. */
function offsetAt(moment: number, zone: string): number {
  let formatter = formatters.get(zone);
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat('en-US', {
      ...{ timeZone: zone, hourCycle: 'h23', era: 'short' },
      ...{ year: 'numeric', month: '2-digit', day: '2-digit' },
      ...{ hour: '2-digit', minute: '2-digit', second: '2-digit' },
    });
    formatters.set(zone, formatter);
  }
  const parts = Object.fromEntries(
    formatter.formatToParts(moment).map(({ type, value }) => [type, value]),
  );
  const year = (parts['year'] ?? '').padStart(4, '0');
  const shown = Date.parse(
    `${year}-${parts['month'] ?? ''}-${parts['day'] ?? ''}T${parts['hour'] ?? ''}:${parts['minute'] ?? ''}:${parts['second'] ?? ''}Z`,
  );
  return shown - Math.floor(moment / 1000) * 1000;
}
