import { expect, it } from 'vitest';
import { compact, counted, grouped } from '../src/number.ts';

it.each([
  ['0', '0'],
  ['999', '999'],
  ['1000', '1,000'],
  ['-1234567.50', '-1,234,567.50'],
  [
    '12345678901234567890123456789012345678.1234',
    '12,345,678,901,234,567,890,123,456,789,012,345,678.1234',
  ],
  ['NaN', 'NaN'],
  ['1e+20', '1e+20'],
  ['', ''],
])('groups %s', (text, expected) => {
  expect(grouped(text)).toBe(expected);
});

it('counts things', () => {
  expect(counted(1, 'event')).toBe('1 event');
  expect(counted('20000', 'event')).toBe('20,000 events');
  expect(counted(0n, 'city', 'cities')).toBe('0 cities');
});

it.each([
  [0, '0'],
  [250, '250'],
  [2500, '2.5k'],
  [120_000, '120k'],
  [1_000_000, '1M'],
  [-7500, '-7.5k'],
  [0.25, '0.25'],
])('writes %d on an axis', (value, expected) => {
  expect(compact(value)).toBe(expected);
});
