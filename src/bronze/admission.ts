import { isUtf8 } from 'node:buffer';
import type { Reason } from '../event/reasons.ts';
import type { LogRecord } from '../log/log.ts';

/** A record that bronze.events cannot hold, and why. */
export interface Rejection {
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
): { admitted: Admitted[]; rejected: Rejection[] } {
  const admitted: Admitted[] = [];
  const rejected: Rejection[] = [];
  for (const record of records) {
    const { value } = record;
    const found = faultOf(record, maxEventBytes);
    if (found !== undefined) {
      rejected.push({ record, ...found });
    } else if (value !== null) {
      admitted.push(record as Admitted);
    }
  }
  return { admitted, rejected };
}

function faultOf(
  { value, fullLength }: LogRecord,
  maxEventBytes: number,
): Omit<Rejection, 'record'> | undefined {
  if (value === null || value.length === 0) {
    const detail = value === null ? 'a message without a value' : 'a value of 0 bytes';
    return { reason: 'empty_value', detail };
  }
  const length = fullLength ?? value.length;
  if (fullLength !== undefined || length > maxEventBytes) {
    const rest = fullLength === undefined ? '' : `; the first ${value.length} are kept`;
    const detail = `${length} bytes, more than the limit of ${maxEventBytes}${rest}`;
    return { reason: 'too_large', detail };
  }
  if (!isUtf8(value)) {
    return { reason: 'not_text', detail: 'bytes that are not UTF-8' };
  }
  const nul = value.indexOf(0);
  return nul === -1 ? undefined : { reason: 'not_text', detail: `a NUL at byte ${nul + 1}` };
}
