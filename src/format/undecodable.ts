import { clip, printable } from '../event/show.ts';

/** Why a value cannot be decoded, and where in it. */
export class Undecodable extends Error {
  override readonly name = 'Undecodable';
  /** Path of the field, as it is being left: order.total. */
  path = '';

  /** "order.total: what is wrong". */
  get detail(): string {
    // Keys of a map and names of a schema are anybody's text.
    const path = clip(printable(this.path));
    return path === '' ? printable(this.message) : `${path}: ${printable(this.message)}`;
  }

  within(step: string): this {
    const isIndexed = this.path === '' || this.path.startsWith('[');
    this.path = isIndexed ? `${step}${this.path}` : `${step}.${this.path}`;
    return this;
  }
}

/**
 * Runs what calls itself for each level of a value or a schema.
 * @throws Undecodable where it is nested as deeply as no event is
 */
export function withinDepth<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof RangeError)) {
      throw error;
    }
    const isDeep = error.message.includes('call stack');
    throw new Undecodable(isDeep ? 'nested too deeply' : error.message);
  }
}
