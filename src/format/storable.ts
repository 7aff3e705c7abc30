import { isUtf8 } from 'node:buffer';
import type { Reason } from '../event/reasons.ts';
import { withoutFields } from '../source/drop.ts';
import type { Path } from '../source/mapping.ts';
import type { Decoder, EncodedFormat } from './decoder.ts';

/** A value as bronze stores it: text, as received or as decoded, less the fields that are dropped. */
export interface Storable {
  readonly value: Buffer;
  /** What the value was decoded from; null where it is as received. */
  readonly format: EncodedFormat | null;
  readonly schemaId: number | null;
}

/** Why bronze cannot store a value. */
export interface Unstorable {
  readonly reason: Extract<Reason, 'not_text' | 'undecodable' | 'invalid_json'>;
  readonly detail: string;
}

/**
 * What bronze stores of a value as it was received.
 * @param decoder of values that are not JSON themselves, prepared for this one
 * @param drop fields that are never stored: JSON is parsed only to drop them
 */
export function storable(
  received: Buffer,
  decoder: Decoder | undefined,
  drop: readonly Path[],
): Storable | Unstorable {
  const decoded = decoder?.decode(received) ?? { value: received, schemaId: null };
  if ('detail' in decoded) {
    return { reason: 'undecodable', detail: decoded.detail };
  }
  const { value, schemaId } = decoded;
  if (!isUtf8(value)) {
    return { reason: 'not_text', detail: 'bytes that are not UTF-8' };
  }
  const nul = value.indexOf(0);
  if (nul !== -1) {
    return { reason: 'not_text', detail: `a NUL at byte ${nul + 1}` };
  }
  const rest = drop.length === 0 ? value : withoutFields(value, drop);
  return rest === undefined
    ? { reason: 'invalid_json', detail: 'not one JSON value' }
    : { value: rest, schemaId, format: decoder?.format ?? null };
}
