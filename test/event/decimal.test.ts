import { describe, expect, it } from 'vitest';
import { parseDecimal, toAmount, toWhole } from '../../src/event/decimal.ts';

function amountOf(text: string): string | undefined {
  const decimal = parseDecimal(text);
  return decimal && toAmount(decimal);
}

function wholeOf(text: string): number | undefined {
  const decimal = parseDecimal(text);
  return decimal && toWhole(decimal);
}

describe('an amount', () => {
  it.each([
    ['742.28', '742.28'],
    ['5', '5.00'],
    ['0', '0.00'],
    ['0.1', '0.10'],
    ['-12.3', '-12.30'],
    ['100', '100.00'],
    ['0.07', '0.07'],
  ])('%s is written in plain notation with 2 decimals: %s', (text, amount) => {
    expect(amountOf(text)).toBe(amount);
  });

  it.each([
    ['1.005', '1.01'],
    ['-1.005', '-1.01'],
    ['1.00499999999999999999', '1.00'],
    ['0.00499999999999999999', '0.00'],
    ['0.005', '0.01'],
    ['-0.005', '-0.01'],
    ['2.675', '2.68'],
    ['0.995', '1.00'],
    ['99.995', '100.00'],
    ['0.05', '0.05'],
    ['0.0051', '0.01'],
    ['1e-7', '0.00'],
    ['5e-3', '0.01'],
    ['49e-4', '0.00'],
  ])('%s is rounded half away from zero, from its exact text: %s', (text, amount) => {
    expect(amountOf(text)).toBe(amount);
  });

  it.each([
    ['1e2', '100.00'],
    ['1E+2', '100.00'],
    ['74228e-2', '742.28'],
    ['0.00074228e6', '742.28'],
    ['1.5e0', '1.50'],
    ['0e999999999', '0.00'],
    ['0.000e-999999999', '0.00'],
    ['1e-999999999', '0.00'],
  ])('%s may carry any exponent: %s', (text, amount) => {
    expect(amountOf(text)).toBe(amount);
  });

  it.each(['-0', '-0.00', '-0e5', '-0.001', '-0.00499'])('%s is zero without a sign', (text) => {
    expect(amountOf(text)).toBe('0.00');
  });

  it.each([
    ['999999999999.994', '999999999999.99'],
    ['-999999999999.99', '-999999999999.99'],
    ['999999999999', '999999999999.00'],
    ['999999999999.995', undefined],
    ['-999999999999.995', undefined],
    ['1000000000000', undefined],
    ['1e12', undefined],
    ['-1e12', undefined],
    ['0.1e13', undefined],
    ['1e999999999', undefined],
    ['1e99999999999999999999', undefined],
  ])('%s must stay below 10^12, rounded too: %s', (text, amount) => {
    expect(amountOf(text)).toBe(amount);
  });
});

describe('a whole number', () => {
  it.each([
    ['4', 4],
    ['4.0', 4],
    ['4e0', 4],
    ['0.4e1', 4],
    ['40000e-4', 4],
    ['1e6', 1_000_000],
    ['0', 0],
    ['-0.0', 0],
    ['-3', -3],
    ['4.5', undefined],
    ['4e-1', undefined],
    ['1e30', undefined],
    ['1e999999999', undefined],
    ['4.00000000000000000001', undefined],
  ])('%s is read as %s', (text, whole) => {
    expect(wholeOf(text)).toBe(whole);
  });
});

it.each([
  '',
  '+1',
  '.5',
  '5.',
  '05',
  '00',
  '-',
  '1e',
  '1e+',
  '0x10',
  '1,5',
  '1_000',
  'NaN',
  'Infinity',
  '１',
  '1 ',
  '--1',
])('JSON does not write a number as "%s"', (text) => {
  expect(parseDecimal(text)).toBeUndefined();
});
