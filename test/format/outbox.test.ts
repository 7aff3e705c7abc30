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

/** As the converter of Kafka 3.7 writes a structure with decimals, by its decimal.format. */
const DECIMALS = {
  schema: `{"type":"struct","fields":[{"type":"bytes","optional":false,"name":"org.apache.kafka.connect.data.Decimal","version":1,"parameters":{"scale":"2","connect.decimal.precision":"18"},"field":"total"},{"type":"array","items":{"type":"bytes","optional":false,"name":"org.apache.kafka.connect.data.Decimal","version":1,"parameters":{"scale":"4"}},"optional":false,"field":"list"}],"optional":false,"name":"R"}`,
  base64: '{"total":"ASH0","list":["/w=="]}',
  numeric: '{"total":742.28,"list":[-0.0001]}',
};

test.each([DECIMALS.base64, DECIMALS.numeric])(
  'decimals are numbers, in whichever way they are written: %s',
  (payload) => {
    expect(decode(`{"schema":${DECIMALS.schema},"payload":${payload}}`)).toBe(DECIMALS.numeric);
  },
);

test('a decimal that is none says why', () => {
  const message = (payload: string, schema = DECIMALS.schema): string =>
    decode(`{"schema":${schema},"payload":${payload}}`);
  expect(message('{"total":"","list":[]}')).toBe('a decimal of 0 bytes');
  expect(message('{"total":"ASH0"}', DECIMALS.schema.replace('"scale":"2"', '"scale":"x"'))).toBe(
    'the schema has a decimal of scale null',
  );
});

/** As the event router of Debezium 2.7 and that converter write the event of a column of jsonb. */
const ROUTED = {
  event: '{"id": "txn_1", "total": 12345678901234567890.12, "none": null, "list": []}',
  off: String.raw`"{\"id\": \"txn_1\", \"total\": 12345678901234567890.12, \"none\": null, \"list\": []}"`,
};

test('what the router writes is the event, byte for byte, unless it expands it', () => {
  const schema = '{"type":"string","optional":true,"name":"io.debezium.data.Json","version":1}';
  expect(decode(ROUTED.off)).toBe(ROUTED.event);
  expect(decode(`{"schema":${schema},"payload":${ROUTED.off}}`)).toBe(ROUTED.event);
  const expanded = '{"id":"txn_1","total":1.2345678901234567E19}';
  expect(decode(expanded)).toBe(expanded);
});

test('what is no JSON is not decoded', () => {
  expect(decode('\u0000\u0000\u0000\u0000\u0001x')).toBe(
    'not JSON as the outbox event router writes it',
  );
});

test('what is nested as deeply as no event is is not decoded, and harms nobody', () => {
  const deep = `${'['.repeat(200_000)}1${']'.repeat(200_000)}`;
  expect(decode(`{"schema": null, "payload": ${deep}}`)).toBe('nested too deeply');
});
