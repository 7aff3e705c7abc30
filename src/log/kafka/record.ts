import { isUtf8 } from 'node:buffer';
import type { IHeaders, KafkaMessage } from 'kafkajs';
import type { LogRecord } from '../log.ts';

/** A message as the log seam has it: key and value are the bytes kafkajs received, not a copy. */
export function toLogRecord(message: KafkaMessage): LogRecord {
  return {
    offset: BigInt(message.offset),
    timestamp: Number(message.timestamp),
    key: message.key,
    value: message.value,
    headers: headersAsText(message.headers),
  };
}

/**
 * Header values as text. A value that is no text (not UTF-8, or with a NUL, which PostgreSQL cannot hold) becomes
 * `base64:` and its bytes in Base64; the values of a header that occurs several times are joined by ", ".
 */
function headersAsText(headers: IHeaders | undefined): Readonly<Record<string, string>> | null {
  const names = headers === undefined ? [] : Object.keys(headers);
  if (headers === undefined || names.length === 0) {
    return null;
  }
  // fromEntries, not assignment: a header may be called __proto__.
  return Object.fromEntries(
    names.map((name) => {
      const value = headers[name];
      const values = Array.isArray(value) ? value : [value];
      return [name.replaceAll('\0', '\u{fffd}'), values.map(valueAsText).join(', ')];
    }),
  );
}

function valueAsText(value: Buffer | string | null | undefined): string {
  if (value === null || value === undefined) {
    return '';
  }
  const bytes = Buffer.from(value);
  return isUtf8(bytes) && !bytes.includes(0)
    ? bytes.toString('utf8')
    : `base64:${bytes.toString('base64')}`;
}
