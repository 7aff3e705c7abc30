import type { IHeaders, KafkaMessage } from 'kafkajs';
import { isText } from '../../event/text.ts';
import type { HeaderValue, LogRecord } from '../log.ts';

/**
 * A message as the log seam has it: key and value are the bytes kafkajs received, not a copy. Of a value longer than
 * `maxValueBytes` only the beginning is kept.
 */
export function toLogRecord(message: KafkaMessage, maxValueBytes: number): LogRecord {
  const { value } = message;
  const isWhole = value === null || value.length <= maxValueBytes;
  return {
    offset: BigInt(message.offset),
    timestamp: Number(message.timestamp),
    key: message.key,
    value: isWhole ? value : value.subarray(0, maxValueBytes),
    ...(isWhole ? {} : { fullLength: value.length }),
    headers: headersOf(message.headers),
  };
}

function headersOf(headers: IHeaders | undefined): LogRecord['headers'] {
  const names = headers === undefined ? [] : Object.keys(headers);
  if (headers === undefined || names.length === 0) {
    return null;
  }
  // fromEntries, not assignment: a header may be called __proto__.
  return Object.fromEntries(
    names.map((name) => {
      const value = headers[name];
      const all: unknown[] = Array.isArray(value) ? value : [value];
      const values = all.filter(isHeaderValue).map(valueOf);
      const [first = null] = values;
      return [name.replaceAll('\0', '\u{fffd}'), values.length > 1 ? values : first];
    }),
  );
}

/** kafkajs takes what every object inherits ("constructor") for an earlier value of a header of that name. */
function isHeaderValue(value: unknown): value is Buffer | null {
  return value === null || Buffer.isBuffer(value);
}

function valueOf(value: Buffer | null): HeaderValue {
  if (value === null) {
    return null;
  }
  return isText(value) ? value.toString('utf8') : { base64: value.toString('base64') };
}
