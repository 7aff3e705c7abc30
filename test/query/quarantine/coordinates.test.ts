import { expect, test } from 'vitest';
import { formatCoordinates, parseCoordinates } from '../../../src/query/quarantine/coordinates.ts';

test.each([
  ['sales', 'sales/0/5'],
  ['landing/sales', 'landing/sales/0/5'],
  ['file:/tmp/x y.ndjson', 'file:/tmp/x y.ndjson/0/5'],
  ['/0/1', '/0/1/0/5'],
  ['a/1/2', 'a/1/2/0/5'],
  ['(stdin)', '(stdin)/0/5'],
  ['file:/tmp/50%.ndjson', 'file:/tmp/50%.ndjson/0/5'],
  ['file:/tmp/100%25.ndjson', 'file:/tmp/100%2525.ndjson/0/5'],
  ['file:/tmp/\u001b[2Jevil\n\u202e%0A.ndjson', 'file:/tmp/%1B[2Jevil%0A%E2%80%AE%250A.ndjson/0/5'],
  ['%ff/ü', '%25ff/ü/0/5'],
])('the coordinates of an event of %j are %s', (topic, text) => {
  const place = { topic, partition: 0, offset: 5n };
  expect(formatCoordinates(place)).toBe(text);
  expect(parseCoordinates(text)).toEqual(place);
});

test('an offset keeps every digit', () => {
  expect(parseCoordinates('sales/12/123456789012345678')).toEqual({
    ...{ topic: 'sales', partition: 12, offset: 123456789012345678n },
  });
});

test.each(['', 'sales', 'sales/0', '/0/5', 'sales/x/5', 'sales/0/-1', 'sales/0/5/', 'sales/0/1e3'])(
  '%j are no coordinates',
  (text) => {
    expect(() => parseCoordinates(text)).toThrow(/is not the coordinates/);
  },
);
