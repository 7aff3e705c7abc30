import type { Reason } from '../event/reasons.ts';
import type { Decoder } from '../format/decoder.ts';
import { storable, type Storable, type Unstorable } from '../format/storable.ts';
import type { LogRecord } from '../log/log.ts';
import type { Path } from '../source/mapping.ts';

/** A record that bronze.events cannot hold, and why. */
export interface Rejection {
  /** As received; without its value where a field of it must not be stored. */
  readonly record: LogRecord;
  readonly reason: Unstorable['reason'] | Extract<Reason, 'empty_value' | 'too_large'>;
  readonly detail: string;
}

/** A record that bronze.events takes. */
export type Admitted = LogRecord & Storable;

/** Largest value that bronze.events takes, in bytes, unless the user says otherwise. */
export const MAX_EVENT_BYTES = 16 << 20;

/**
 * Parts the records that bronze.events can hold from those it cannot, decoded where a format is declared. JSON itself is
 * parsed only to drop fields of it.
 * @param drop fields that are never stored: neither is the value of a record in which they cannot be told apart
 * @throws MedallionError unreachable, denied, config, interrupted: of a schema registry
 */
export async function admit(
  records: readonly LogRecord[],
  maxEventBytes: number,
  decoder?: Decoder,
  drop: readonly Path[] = [],
): Promise<{ admitted: Admitted[]; rejected: Rejection[] }> {
  await decoder?.prepare?.(records.map(({ value }) => value));
  const admitted: Admitted[] = [];
  const rejected: Rejection[] = [];
  for (const record of records) {
    const fault = sizeFaultOf(record, maxEventBytes);
    const found = fault ?? storable(record.value ?? Buffer.alloc(0), decoder, drop);
    if ('reason' in found) {
      rejected.push(drop.length === 0 ? keptWhole(record, found) : withoutValue(record, found));
    } else {
      admitted.push({ ...record, ...found });
    }
  }
  return { admitted, rejected };
}

type Fault = Omit<Rejection, 'record'>;

function sizeFaultOf({ value, fullLength }: LogRecord, maxEventBytes: number): Fault | undefined {
  if (value === null || value.length === 0) {
    const detail = value === null ? 'a message without a value' : 'a value of 0 bytes';
    return { reason: 'empty_value', detail };
  }
  const length = fullLength ?? value.length;
  if (fullLength !== undefined || length > maxEventBytes) {
    const detail = `${length} bytes, more than the limit of ${maxEventBytes}`;
    return { reason: 'too_large', detail };
  }
  return undefined;
}

/** A rejected record with what was read of its value. */
function keptWhole(record: LogRecord, fault: Fault): Rejection {
  const { value, fullLength } = record;
  const rest = fullLength === undefined ? '' : `; the first ${value?.length ?? 0} are kept`;
  return { record, ...fault, detail: fault.detail + rest };
}

/** A rejected record of which nobody can say where the fields are that must not be stored. */
function withoutValue(record: LogRecord, fault: Fault): Rejection {
  const length = record.fullLength ?? record.value?.length ?? 0;
  const rest = length === 0 ? '' : `; its ${length} bytes are not stored: its source drops fields`;
  return { record: { ...record, value: null }, ...fault, detail: fault.detail + rest };
}
