import type { Faker } from '@faker-js/faker';
import { faker as danish } from '@faker-js/faker/locale/da';
import { faker as french } from '@faker-js/faker/locale/fr';
import { faker as german } from '@faker-js/faker/locale/de';
import { faker as italian } from '@faker-js/faker/locale/it';
import { faker as polish } from '@faker-js/faker/locale/pl';
import { faker as portuguese } from '@faker-js/faker/locale/pt_PT';
import { faker as spanish } from '@faker-js/faker/locale/es';
import { faker as turkish } from '@faker-js/faker/locale/tr';
import type { Catalogue, CatalogueSizes, City, CustomerType, Product } from './catalogue.ts';
import { Random, skewed, WeightedChoice } from './random.ts';

/** The seed of the shop; not the one of the stream. */
const SHOP = 20_211;
const CUSTOMER_TYPES: readonly { type: CustomerType; share: number }[] = [
  { type: 'new', share: 30 },
  { type: 'returning', share: 62 },
  { type: 'vip', share: 8 },
];
/** Categories and the prices, in cents, that are usual in them. */
const CATEGORIES: readonly { name: string; low: number; high: number; share: number }[] = [
  { name: 'fashion', low: 999, high: 14_900, share: 22 },
  { name: 'home', low: 499, high: 19_900, share: 18 },
  { name: 'electronics', low: 1499, high: 89_900, share: 14 },
  { name: 'sports', low: 799, high: 24_900, share: 13 },
  { name: 'beauty', low: 299, high: 7900, share: 11 },
  { name: 'books', low: 499, high: 4900, share: 9 },
  { name: 'toys', low: 599, high: 9900, share: 8 },
  { name: 'automotive', low: 899, high: 29_900, share: 5 },
];
/** Countries with how many cities the list of each lends out of a hundred. */
const COUNTRIES: readonly { code: string; faker: Faker; share: number }[] = [
  { code: 'DE', faker: german, share: 24 },
  { code: 'ES', faker: spanish, share: 18 },
  { code: 'IT', faker: italian, share: 16 },
  { code: 'FR', faker: french, share: 14 },
  { code: 'PL', faker: polish, share: 10 },
  { code: 'TR', faker: turkish, share: 8 },
  { code: 'PT', faker: portuguese, share: 6 },
  { code: 'DK', faker: danish, share: 4 },
];

/**
 * Makes the shop with Faker.
 * @param sizes at most MOST_CITIES cities
 */
export function createCatalogue(sizes: CatalogueSizes): Catalogue {
  const cities = createCities(sizes.cities);
  german.seed(SHOP);
  const products = Array.from({ length: sizes.products }, (_, index) =>
    createProduct(german, index),
  );
  const random = new Random(SHOP, 0);
  const homes = new WeightedChoice(skewed(cities.length));
  const types = new WeightedChoice(CUSTOMER_TYPES.map(({ share }) => share));
  const customers = Array.from({ length: sizes.customers }, (_, index) => ({
    id: `cust_${String(index + 1)}`,
    type: CUSTOMER_TYPES[types.draw(random)]?.type ?? 'new',
    home: homes.draw(random),
  }));
  return { customers, products, cities };
}

function createProduct(faker: Faker, index: number): Product {
  const category = faker.helpers.weightedArrayElement(
    CATEGORIES.map((value) => ({ weight: value.share, value })),
  );
  // The lower of two draws: most things are cheap.
  const { low, high } = category;
  const unitPrice = Math.min(
    faker.number.int({ min: low, max: high }),
    faker.number.int({ min: low, max: high }),
  );
  const margin = faker.number.int({ min: 25, max: 70 });
  const cost = Math.round((unitPrice * (100 - margin)) / 100);
  return { id: `prod_${String(index + 1)}`, category: category.name, unitPrice, cost };
}

/** Distinct cities, the countries mixed by their shares. */
function createCities(count: number): City[] {
  const pools = COUNTRIES.map(({ code, faker, share }) => {
    faker.seed(SHOP);
    const names = [...new Set(faker.definitions.location.city_name)];
    return { code, share, names: faker.helpers.shuffle(names), taken: 0 };
  });
  return Array.from({ length: count }, () => {
    const open = pools.filter((pool) => pool.taken < pool.names.length);
    const next = open.reduce((a, b) => ((b.taken + 1) / b.share < (a.taken + 1) / a.share ? b : a));
    next.taken += 1;
    return { country: next.code, name: next.names[next.taken - 1] ?? '' };
  });
}
