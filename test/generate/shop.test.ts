import { describe, expect, it } from 'vitest';
import { customerAt, MOST_CITIES, priceIn } from '../../src/generate/catalogue.ts';
import { createCatalogue } from '../../src/generate/shop.ts';
import { historicalTimeline } from '../../src/generate/timeline.ts';

const SIZES = { customers: 2000, products: 300, cities: 60 };

describe('the shop', () => {
  const shop = createCatalogue(SIZES);

  it('is the same every time, and a larger one begins with the products of a smaller one', () => {
    expect(createCatalogue(SIZES)).toEqual(shop);
    expect(createCatalogue({ ...SIZES, products: 50 }).products).toEqual(
      shop.products.slice(0, 50),
    );
  });

  it('sells goods of eight categories above cost to distinct cities of eight countries', () => {
    expect(new Set(shop.products.map(({ category }) => category)).size).toBe(8);
    expect(shop.products.every(({ unitPrice, cost }) => cost > 0 && cost < unitPrice)).toBe(true);
    expect(new Set(shop.cities.map(({ country }) => country)).size).toBe(8);
    expect(new Set(shop.cities.map(({ country, name }) => `${country} ${name}`)).size).toBe(60);
    expect(shop.cities.some(({ name }) => /[^ -~]/.test(name))).toBe(true);
    expect(new Set(shop.customers.map(({ type }) => type))).toEqual(
      new Set(['new', 'returning', 'vip']),
    );
  });

  it('finds a name for each of as many cities as may be asked for', () => {
    const { cities } = createCatalogue({ customers: 1, products: 1, cities: MOST_CITIES });
    expect(new Set(cities.map(({ country, name }) => `${country} ${name}`)).size).toBe(MOST_CITIES);
    expect(cities.every(({ name }) => name !== '')).toBe(true);
  });

  it('changes prices from month to month by at most 5 %, and lets customers travel and come of age', () => {
    const changes = shop.products.map(
      (product, index) => priceIn(product, index, 672) / product.unitPrice,
    );
    expect(Math.min(...changes)).toBeGreaterThan(0.94);
    expect(Math.max(...changes)).toBeLessThan(1.06);
    expect(new Set(changes).size).toBeGreaterThan(5);
    const timeline = historicalTimeline({ since: '2026-01-01', until: '2026-01-31' }, 1, 1);
    const firstDay = shop.customers.map((_, index) =>
      customerAt(shop, index, timeline.start, timeline),
    );
    const lastDay = shop.customers.map((_, index) =>
      customerAt(shop, index, timeline.latest(), timeline),
    );
    const away = firstDay.filter(({ city }, index) => city !== shop.customers[index]?.home).length;
    expect(away / 2000).toBeGreaterThan(0.005);
    expect(away / 2000).toBeLessThan(0.05);
    expect(firstDay.filter(({ type }) => type === 'new').length).toBeGreaterThan(400);
    expect(lastDay.filter(({ type }) => type === 'new')).toEqual([]);
  });
});
