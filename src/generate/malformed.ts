import type { Reason } from '../event/reasons.ts';

/** What spoils an event: the reason for which it must be rejected, and the bytes that a good event becomes. */
export interface Malformation {
  readonly reason: Reason;
  /** Where it must be noticed: bytes that are no text never reach silver. */
  readonly stage: 'ingest' | 'silver';
  /** @param event a good event; the result holds no line end, so that it is one line of a file too */
  readonly spoil: (event: string) => Buffer;
}

function silver(reason: Reason, spoil: (event: string) => string): Malformation {
  return { reason, stage: 'silver', spoil: (event) => Buffer.from(spoil(event)) };
}

/** The first value of a key becomes another text. */
function set(key: string, value: string): (event: string) => string {
  const pattern = new RegExp(`("${key}": )("[^"]*"|[0-9.]+)`);
  return (event) => event.replace(pattern, (_, head: string) => head + value);
}

/** Bytes in the middle of the city's name. */
function bytesInCity(...bytes: number[]): (event: string) => Buffer {
  return (event) => {
    const key = '"city": "';
    const at = event.indexOf(key) + key.length;
    return Buffer.concat([
      Buffer.from(event.slice(0, at)),
      Buffer.from(bytes),
      Buffer.from(event.slice(at)),
    ]);
  };
}

/**
 * Every way to break the contract that does not need a Kafka message without a value or a giant one, in rounds: each
 * round has every reason once.
 */
export const MALFORMATIONS: readonly Malformation[] = [
  silver('invalid_json', (event) => event.slice(0, event.length >> 1)),
  silver('not_an_event', () => '{"data": {"heartbeat": 1}, "processed_status": "to_process"}'),
  silver('unsupported_version', set('event_version', '"2.0"')),
  silver('missing_field', (event) => event.replace(/, "total_amount": [0-9.]+/, '')),
  silver('invalid_type', (event) => event.replace(/"customer": \{[^}]*\}/, '"customer": "cust_1"')),
  silver('invalid_timestamp', set('event_timestamp', '"2026-02-30T25:61:00"')),
  silver('invalid_amount', set('subtotal', '"12,50 EUR"')),
  silver('invalid_quantity', set('quantity', '0')),
  silver('no_items', (event) => event.replace(/"items": \[.*\]/, '"items": []')),
  silver('unknown_reference', set('status', '9')),
  { reason: 'not_text', stage: 'ingest', spoil: bytesInCity(0xff, 0xfe) },

  silver('invalid_json', (event) => event.replaceAll('"', "'")),
  silver('not_an_event', () => '[]'),
  silver('unsupported_version', set('event_version', '"0.9"')),
  silver('missing_field', set('customer": {"id', 'null')),
  silver('invalid_type', set('event_version', '1.0')),
  silver('invalid_timestamp', set('event_timestamp', '"yesterday at noon"')),
  silver('invalid_amount', set('unit_price', '-1.0')),
  silver('invalid_quantity', set('quantity', '1.5')),
  silver('no_items', (event) => event.replace(/, "items": \[.*\]/, '')),
  silver('unknown_reference', set('payment_method', '0')),
  { reason: 'not_text', stage: 'ingest', spoil: bytesInCity(0) },

  silver('invalid_json', (event) => event.replace(/\}$/, '')),
  silver('not_an_event', () => '{"data": {"transaction_details": ["txn_1"]}}'),
  silver('unsupported_version', set('event_version', '"v1"')),
  silver('missing_field', set('category', '"  "')),
  silver('invalid_type', set('transaction_id', `"txn_${'0'.repeat(200)}"`)),
  silver('invalid_timestamp', set('event_timestamp', '"1899-12-31T23:59:59"')),
  silver('invalid_amount', set('total_amount', '1000000000000.0')),
  silver('invalid_quantity', set('quantity', '1000001')),
  silver('no_items', (event) => event.replace(/"items": \[.*\]/, '"items": null')),
  silver('unknown_reference', set('currency', '99')),
  silver('not_text', set('city', '"Ber\\u0000lin"')),
];
