import { describe, expect, it } from 'vitest';
import { parseOptions } from '../../bench/options.ts';

describe('the arguments of a bench', () => {
  it('mean the shop of 400,000 customers unless they name another one', () => {
    expect(parseOptions([])).toMatchObject({
      size: 200_000,
      shop: { customers: 400_000, products: 20_000, cities: 2000 },
    });
    const small = ['--customers', '1000', '--products', '200', '--cities', '40'];
    expect(parseOptions(['--size', '1000000', ...small])).toMatchObject({
      size: 1_000_000,
      shop: { customers: 1000, products: 200, cities: 40 },
    });
  });

  it('are refused where no shop or history can be made of them', () => {
    expect(() => parseOptions(['--size', '999'])).toThrow(
      '--size 999 is not a whole number of at least 1000',
    );
    expect(() => parseOptions(['--customers', '1e400'])).toThrow('--customers 1e400');
    expect(() => parseOptions(['--cities', '2501'])).toThrow(
      '--cities 2501 is not a whole number from 1 to 2500',
    );
    expect(() => parseOptions(['--shop', 'large'])).toThrow('--shop');
  });
});
