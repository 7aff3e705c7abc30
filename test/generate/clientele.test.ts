import { describe, expect, it } from 'vitest';
import { Clientele } from '../../src/generate/clientele.ts';
import { Random } from '../../src/generate/random.ts';

/** Orders of each customer who has any, the most first. */
function ordersOf(customers: number, orders: number, seed = 1): number[] {
  const random = new Random(seed, 2);
  const clientele = new Clientele(customers);
  const counts = new Array<number>(customers).fill(0);
  for (let order = 0; order < orders; order += 1) {
    const customer = clientele.draw(random);
    counts[customer] = (counts[customer] ?? 0) + 1;
  }
  expect(counts).toHaveLength(customers);
  return counts.filter((count) => count > 0).sort((a, b) => b - a);
}

describe('the clientele of a large shop', () => {
  const counts = ordersOf(40_000, 100_000);
  const sum = (of: readonly number[]): number => of.reduce((total, count) => total + count, 0);

  it('buys once, for the most part', () => {
    const share = (orders: number): number =>
      counts.filter((count) => count === orders).length / counts.length;
    expect(share(1)).toBeGreaterThan(0.6);
    expect(share(1)).toBeLessThan(0.75);
    expect(share(1) + share(2)).toBeGreaterThan(0.75);
    expect(counts.length).toBeGreaterThan(0.8 * 40_000);
  });

  it('has a fifth that places most orders, and nobody who places many of them', () => {
    const fifth = sum(counts.slice(0, Math.floor(counts.length / 5)));
    expect(fifth / sum(counts)).toBeGreaterThan(0.6);
    expect(fifth / sum(counts)).toBeLessThan(0.75);
    expect(counts[0]).toBeLessThan(0.005 * 100_000);
  });

  it('comes back when it was there once: all customers have bought in the end', () => {
    expect(ordersOf(2000, 100_000)).toHaveLength(2000);
  });
});

it('a small shop has nobody who passes by', () => {
  // Of a thousand with five orders each on average, by their weights alone: 1 / (rank + 4).
  const counts = ordersOf(1000, 5000);
  const once = counts.filter((count) => count === 1).length / counts.length;
  expect(once).toBeLessThan(0.4);
  expect(counts[0]).toBeGreaterThan(0.03 * 5000);
});
