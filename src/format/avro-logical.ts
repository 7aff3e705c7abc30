import type { Cursor, Read } from './avro-cursor.ts';
import { Undecodable } from './undecodable.ts';

/** Debezium's names for times that Avro has no logical type for, or that it writes without one. */
const CONNECT_TYPES: Readonly<Record<string, string>> = {
  'io.debezium.time.Date': 'date',
  'io.debezium.time.Time': 'time-millis',
  'io.debezium.time.MicroTime': 'time-micros',
  'io.debezium.time.Timestamp': 'local-timestamp-millis',
  'io.debezium.time.MicroTimestamp': 'local-timestamp-micros',
  'io.debezium.time.NanoTimestamp': 'local-timestamp-nanos',
};

/** The reader of a logical type; undefined for one that is read as what it is made of. */
export function logicalOf(
  type: string,
  attributes: Readonly<Record<string, unknown>>,
): Read | undefined {
  const { logicalType, 'connect.name': connectName } = attributes;
  const logical =
    typeof logicalType === 'string' ? logicalType : CONNECT_TYPES[String(connectName)];
  if (logical === undefined) {
    return undefined;
  }
  if (type === 'bytes' && logical === 'decimal') {
    const scale = scaleOf(attributes);
    return (cursor) => decimalText(cursor, cursor.size(), scale);
  }
  if (type === 'int' || type === 'long') {
    const [, local, kind, unit] =
      /^(local-)?(timestamp|time|date)(?:-(millis|micros|nanos))?$/.exec(logical) ?? [];
    if (kind === 'date') {
      return (cursor) => timeText(cursor.long(), 86_400_000, (iso) => iso.slice(0, 10));
    }
    if (kind !== undefined && unit !== undefined) {
      return instantOf(UNIT_DIGITS[unit] ?? 3, kind === 'time', local !== undefined);
    }
  }
  return undefined;
}

const UNIT_DIGITS: Readonly<Record<string, number>> = { millis: 3, micros: 6, nanos: 9 };

/** A time in ISO 8601 with as many digits of a second as its unit has; UTC, or without a zone. */
function instantOf(digits: number, isTimeOfDay: boolean, isLocal: boolean): Read {
  const begin = isTimeOfDay ? 11 : 0;
  const zone = isTimeOfDay || isLocal ? '' : 'Z';
  if (digits === 3) {
    return (cursor) => timeText(cursor.long(), 1, (iso) => `${iso.slice(begin, -1)}${zone}`);
  }
  const perMilli = 10n ** BigInt(digits - 3);
  return (cursor) => {
    const time = BigInt(cursor.long());
    const rest = ((time % perMilli) + perMilli) % perMilli;
    const fine = String(rest).padStart(digits - 3, '0');
    const text = timeText(
      Number((time - rest) / perMilli),
      1,
      (iso) => `${iso.slice(begin, -1)}${fine}${zone}`,
    );
    return text.startsWith('"') ? text : String(time);
  };
}

/** A time that no calendar has stays the number that it is. */
function timeText(count: number | bigint, unitMs: number, show: (iso: string) => string): string {
  const date = new Date(Number(count) * unitMs);
  return Number.isNaN(date.getTime()) ? String(count) : `"${show(date.toISOString())}"`;
}

export function scaleOf({ scale = 0 }: Readonly<Record<string, unknown>>): number {
  if (typeof scale !== 'number' || !Number.isInteger(scale) || scale < 0 || scale > 1000) {
    throw new Undecodable(`the schema has a decimal of scale ${JSON.stringify(scale)}`);
  }
  return scale;
}

/** More than any amount has: the digits of a number of a megabyte take minutes. */
const MOST_DECIMAL_BYTES = 1024;

/** A number in two's complement, the last `scale` digits behind the point. */
export function decimalText(cursor: Cursor, size: number, scale: number): string {
  const from = cursor.pass(size);
  const { bytes } = cursor;
  if (size === 0 || size > MOST_DECIMAL_BYTES) {
    throw new Undecodable(`a decimal of ${String(size)} bytes`);
  }
  const unscaled =
    size <= 6
      ? bytes.readIntBE(from, size)
      : BigInt.asIntN(size * 8, BigInt(`0x${bytes.toString('hex', from, from + size)}`));
  if (scale === 0) {
    return String(unscaled);
  }
  const sign = unscaled < 0 ? '-' : '';
  const digits = String(unscaled < 0 ? -unscaled : unscaled).padStart(scale + 1, '0');
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
