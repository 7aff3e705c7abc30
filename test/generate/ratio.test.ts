import { describe, expect, it } from 'vitest';
import { amount, mean, sumOfFractions } from '../../src/generate/ratio.ts';

describe('mean', () => {
  it.each([
    [1n, 3n, '0.3333'],
    [2n, 3n, '0.6667'],
    [1n, 20_000n, '0.0001'],
    [-1n, 20_000n, '-0.0001'],
    [1n, 20_001n, '0.0000'],
    [29n, 200n, '0.1450'],
    [10n ** 20n, 3n, '33333333333333333333.3333'],
  ])('%s / %s is %s', (numerator, denominator, expected) => {
    expect(mean(numerator, denominator)).toBe(expected);
  });
});

describe('amount', () => {
  it.each([
    [0, '0.00'],
    [5, '0.05'],
    [-5, '-0.05'],
    [123_456, '1234.56'],
  ])('%s cents are %s', (cents, expected) => {
    expect(amount(cents)).toBe(expected);
  });

  it('refuses a sum that a double cannot hold exactly', () => {
    expect(() => amount(2 ** 53)).toThrow(RangeError);
  });
});

describe('sumOfFractions', () => {
  it('is exact: 1/2 + 1/3 + 1/6 is 1', () => {
    const [numerator, denominator] = sumOfFractions([
      [1n, 2n],
      [1n, 3n],
      [1n, 6n],
    ]);
    expect(numerator).toBe(denominator);
  });
});
