import { isUtf8 } from 'node:buffer';
import type { Reason } from '../event/reasons.ts';
import type { Decoder, EncodedFormat } from '../format/decoder.ts';
import type { LogRecord } from '../log/log.ts';

/** A record that bronze.events cannot hold, and why. */
export interface Rejection {
  readonly record: LogRecord;
  readonly reason: Extract<Reason, 'not_text' | 'empty_value' | 'too_large' | 'undecodable'>;
  readonly detail: string;
}

/** A record that bronze.events takes: its value is JSON text, as received or as decoded. */
export type Admitted = LogRecord & {
  readonly value: Buffer;
  /** What the value was decoded from; null where it is as received. */
  readonly format: EncodedFormat | null;
  readonly schemaId: number | null;
};

/** Largest value that bronze.events takes, in bytes, unless the user says otherwise. */
export const MAX_EVENT_BYTES = 16 << 20;

/**
 * Parts the records that bronze.events can hold from those it cannot, decoded where a format is declared. JSON itself is
 * not parsed.
 * @throws MedallionError unreachable, denied, config, interrupted: of a schema registry
 */
export async function admit(
  records: readonly LogRecord[],
  maxEventBytes: number,
  decoder?: Decoder,
): Promise<{ admitted: Admitted[]; rejected: Rejection[] }> {
  await decoder?.prepare(records.map(({ value }) => value));
  const admitted: Admitted[] = [];
  const rejected: Rejection[] = [];
  for (const record of records) {
    const fault = sizeFaultOf(record, maxEventBytes);
    const found = fault ?? textOf(record.value ?? Buffer.alloc(0), decoder);
    if ('reason' in found) {
      rejected.push({ record, ...found });
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
    const rest = fullLength === undefined ? '' : `; the first ${value.length} are kept`;
    const detail = `${length} bytes, more than the limit of ${maxEventBytes}${rest}`;
    return { reason: 'too_large', detail };
  }
  return undefined;
}

function textOf(
  value: Buffer,
  decoder: Decoder | undefined,
): Fault | Pick<Admitted, 'value' | 'format' | 'schemaId'> {
  const decoded = decoder?.decode(value) ?? { value, schemaId: null };
  if ('detail' in decoded) {
    return { reason: 'undecodable', detail: decoded.detail };
  }
  if (!isUtf8(decoded.value)) {
    return { reason: 'not_text', detail: 'bytes that are not UTF-8' };
  }
  const nul = decoded.value.indexOf(0);
  return nul === -1
    ? { ...decoded, format: decoder?.format ?? null }
    : { reason: 'not_text', detail: `a NUL at byte ${nul + 1}` };
}
