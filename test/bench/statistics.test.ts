import { describe, expect, it } from 'vitest';
import { medianPair, quantile } from '../../bench/statistics.ts';

describe('quantile', () => {
  it.each([
    [[3], 0.5, 3],
    [[4, 1, 3, 2], 0.5, 2],
    [[5, 1, 3], 0.5, 3],
    [[2, 9, 4], 1, 9],
    [[2, 9, 4], 0, 2],
  ])('of %j, %d is %d', (values, share, expected) => {
    expect(quantile(values, share)).toBe(expected);
  });

  it('leaves five of a hundred above the 95th', () => {
    const values = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(quantile(values, 0.95)).toBe(95);
  });

  it('is not a number where nothing was seen', () => {
    expect(quantile([], 0.5)).toBeNaN();
  });
});

it('medianPair keeps the pair whose ratio is the median one, whole', async () => {
  const pairs = [
    { seconds: 9, baseline: 3, name: 'three' },
    { seconds: 1, baseline: 1, name: 'one' },
    { seconds: 10, baseline: 5, name: 'two' },
  ] as const;
  const result = await medianPair((round) => Promise.resolve(pairs[round] ?? pairs[0]));
  expect(result).toEqual({ seconds: 10, baseline: 5, name: 'two', runs: 3 });
});
