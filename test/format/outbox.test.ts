import { expect, test } from 'vitest';
import { OutboxDecoder } from '../../src/format/outbox.ts';

const EVENT =
  '{"data": {"transaction_details": {"transaction_id": "txn_1", "total": 12345678901234567890.12}}}';

function decode(message: string): string {
  const decoded = new OutboxDecoder().decode(Buffer.from(message));
  return 'detail' in decoded ? decoded.detail : decoded.value.toString();
}

const withSchema = (schema: object, payload: string): string =>
  `{"schema": ${JSON.stringify(schema)}, "payload": ${payload}}`;

test('a payload in a JSON string is the event, digit for digit', () => {
  expect(decode(JSON.stringify(EVENT))).toBe(EVENT);
  expect(decode(withSchema({ type: 'string' }, JSON.stringify(EVENT)))).toBe(EVENT);
});

test('an expanded payload is the event, with its numbers as they were', () => {
  expect(decode(EVENT)).toBe(EVENT);
  expect(decode(withSchema({ type: 'struct', fields: [] }, EVENT))).toBe(
    EVENT.replaceAll(/([:,]) /g, '$1'),
  );
});

test('decimals in base64 are refused by what to set', () => {
  const name = 'org.apache.kafka.connect.data.Decimal';
  const schema = { type: 'struct', fields: [{ field: 'total', type: 'bytes', name }] };
  expect(decode(withSchema(schema, '{"total": "ASH0"}'))).toMatch(
    /^decimals in base64: set decimal\.handling\.mode=string/,
  );
});

test('what is no JSON is not decoded', () => {
  expect(decode('\u0000\u0000\u0000\u0000\u0001x')).toBe(
    'no JSON, as the outbox event router writes it',
  );
});

test('what is nested as deeply as no event is is not decoded, and harms nobody', () => {
  const deep = `${'['.repeat(200_000)}1${']'.repeat(200_000)}`;
  expect(decode(`{"schema": null, "payload": ${deep}}`)).toBe('nested too deeply');
});
