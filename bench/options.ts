import { parseArgs } from 'node:util';
import type { ClusterName } from './harness.ts';
import { MOST_CITIES, type CatalogueSizes } from '../src/generate/catalogue.ts';

export interface Options {
  /** Events that a bench works on. */
  readonly size: number;
  readonly shop: CatalogueSizes;
  /** Names of benches; undefined for all that run unasked. */
  readonly only: readonly string[] | undefined;
  /** What promote-engines compares with DuckDB. */
  readonly engine: ClusterName;
  /** Where the figures go. */
  readonly json: string | undefined;
}

const SMALLEST_SIZE = 1000;

/** @throws Error that says which argument is wrong */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      size: { type: 'string', default: '200000' },
      customers: { type: 'string', default: '400000' },
      products: { type: 'string', default: '20000' },
      cities: { type: 'string', default: '2000' },
      only: { type: 'string', multiple: true },
      engine: { type: 'string' },
      json: { type: 'string' },
    },
  });
  const { engine = 'sail' } = values;
  if (engine !== 'sail' && engine !== 'spark') {
    throw new Error(`--engine ${engine} is neither sail nor spark`);
  }
  const whole = (
    name: 'size' | keyof CatalogueSizes,
    least: number,
    most = Number.MAX_SAFE_INTEGER,
  ): number => {
    const number = Number(values[name]);
    if (!Number.isSafeInteger(number) || number < least || number > most) {
      const range =
        most === Number.MAX_SAFE_INTEGER
          ? `of at least ${String(least)}`
          : `from ${String(least)} to ${String(most)}`;
      throw new Error(`--${name} ${values[name]} is not a whole number ${range}`);
    }
    return number;
  };
  return {
    size: whole('size', SMALLEST_SIZE),
    shop: {
      customers: whole('customers', 1),
      products: whole('products', 1),
      cities: whole('cities', 1, MOST_CITIES),
    },
    // Who names an engine wants to know about engines.
    only: values.only ?? (values.engine === undefined ? undefined : ['promote-engines']),
    engine,
    json: values.json,
  };
}
