import { isUtf8 } from 'node:buffer';
import type { Reason } from '../event/reasons.ts';
import type { LogRecord } from '../log/log.ts';

/** A record that bronze.events cannot hold, and why. */
export interface Refusal {
  readonly record: LogRecord;
  readonly reason: Extract<Reason, 'not_text' | 'empty_value' | 'too_large'>;
  readonly detail: string;
}

/** A record that bronze.events takes as it is. */
export type Admitted = LogRecord & { readonly value: Buffer };

/** Largest value that bronze.events takes, in bytes, unless the user says otherwise. */
export const MAX_EVENT_BYTES = 16 << 20;

/** Parts the records that bronze.events can hold from those it cannot; nothing is parsed here. */
export function admit(
  records: readonly LogRecord[],
  maxEventBytes: number,
): { admitted: Admitted[]; refused: Refusal[] } {
  const admitted: Admitted[] = [];
  const refused: Refusal[] = [];
  for (const record of records) {
    const refusal = refusalOf(record, maxEventBytes);
    if (refusal !== undefined) {
      refused.push(refusal);
    } else if (hasValue(record)) {
      admitted.push(record);
    }
  }
  return { admitted, refused };
}

function hasValue(record: LogRecord): record is Admitted {
  return record.value !== null;
}

function refusalOf(record: LogRecord, maxEventBytes: number): Refusal | undefined {
  const { value, fullLength } = record;
  if (value === null || value.length === 0) {
    const detail = value === null ? 'a message without a value' : 'a value of 0 bytes';
    return { record, reason: 'empty_value', detail };
  }
  const length = fullLength ?? value.length;
  if (fullLength !== undefined || length > maxEventBytes) {
    const kept = fullLength === undefined ? '' : `; the first ${value.length} are kept`;
    const detail = `${length} bytes, more than the limit of ${maxEventBytes}${kept}`;
    return { record, reason: 'too_large', detail };
  }
  if (!isUtf8(value)) {
    return { record, reason: 'not_text', detail: 'bytes that are not UTF-8' };
  }
  if (value.includes(0)) {
    return { record, reason: 'not_text', detail: `a NUL at byte ${value.indexOf(0) + 1}` };
  }
  return undefined;
}

/** Whether PostgreSQL can hold the bytes as text. */
export function isText(bytes: Buffer): boolean {
  return isUtf8(bytes) && !bytes.includes(0);
}
