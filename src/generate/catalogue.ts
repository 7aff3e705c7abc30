import { mix } from './random.ts';
import { SECONDS_OF_DAY, type Timeline } from './timeline.ts';

/**
 * The shop: its customers, products and the cities it sells to. It is the same shop whatever the seed, and a larger
 * one begins with the smaller one's products, so that the streams of several runs add up to one history.
 */
export interface Catalogue {
  readonly customers: readonly Customer[];
  readonly products: readonly Product[];
  readonly cities: readonly City[];
}

export interface Customer {
  readonly id: string;
  readonly type: CustomerType;
  /** Index of a city. */
  readonly home: number;
}

export type CustomerType = 'new' | 'returning' | 'vip';

/** Amounts in cents. */
export interface Product {
  readonly id: string;
  readonly category: string;
  readonly unitPrice: number;
  readonly cost: number;
}

export interface City {
  readonly country: string;
  readonly name: string;
}

export interface CatalogueSizes {
  readonly customers: number;
  readonly products: number;
  readonly cities: number;
}

/** As many cities as there are names for. */
export const MOST_CITIES = 2500;

/** Decides when each customer comes of age. */
const COMING_OF_AGE = 20_211;

/**
 * Which city a customer orders from on a day, and what the shop takes them for. Decided by customer and time alone:
 * events of the same moment never contradict each other, and a late event tells what was true then.
 */
export function customerAt(
  { customers, cities }: Catalogue,
  index: number,
  second: number,
  timeline: Timeline,
): { readonly type: CustomerType; readonly city: number } {
  const customer = customers[index] ?? { type: 'new', home: 0 };
  const chance = mix(index, Math.floor(second / SECONDS_OF_DAY));
  const travels = chance % 50 === 0;
  const comesOfAge = timeline.start + (mix(index, COMING_OF_AGE) / 2 ** 32) * timeline.length;
  return {
    type: customer.type === 'new' && second >= comesOfAge ? 'returning' : customer.type,
    city: travels ? Math.floor(chance / 50) % cities.length : customer.home,
  };
}

/** The price of a product in a month (counted from 1970), in cents: within 5 % of its list price. */
export function priceIn(product: Product, index: number, month: number): number {
  return product.unitPrice + Math.round((product.unitPrice * ((mix(index, month) % 11) - 5)) / 100);
}
