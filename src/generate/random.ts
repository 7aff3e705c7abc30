/**
 * A small, fast, seeded generator of pseudo-random numbers: sfc32 (Chris Doty-Humphrey, PractRand, public domain).
 * Only integer operations and exact divisions, so that a seed gives the same numbers on every machine.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** @param stream keeps generators of one seed apart: each part of the work draws from its own */
  constructor(seed: number, stream: number) {
    this.#a = seed | 0;
    this.#b = Math.floor(seed / 2 ** 32) | 0;
    this.#c = stream | 0;
    for (let round = 0; round < 15; round += 1) {
      this.next();
    }
  }

  /** The next 32 bits, as an unsigned number. */
  next(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** From 0 to below 1. */
  unit(): number {
    return this.next() / 2 ** 32;
  }

  /** A whole number from 0 to below `limit`, at most 2^32. */
  below(limit: number): number {
    return Math.floor(this.unit() * limit);
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** A random (version 4) UUID. */
  uuid(): string {
    const a = this.next();
    const b = this.next();
    const c = this.next();
    const d = this.next();
    return (
      `${hex16(a >>> 16)}${hex16(a)}-${hex16(b >>> 16)}-${hex16((b & 0x0fff) | 0x4000)}-` +
      `${hex16(((c >>> 16) & 0x3fff) | 0x8000)}-${hex16(c)}${hex16(d >>> 16)}${hex16(d)}`
    );
  }
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function hex16(bits: number): string {
  return `${HEX[(bits >>> 8) & 0xff] ?? ''}${HEX[bits & 0xff] ?? ''}`;
}

/** A number that only `a` and `b` decide, well mixed: for what must be the same whenever it is asked. */
export function mix(a: number, b: number): number {
  let hash = Math.imul(a | 0, 0x9e3779b1) ^ Math.imul(b | 0, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Draws an index with a probability in proportion to its weight, in constant time (Walker's alias method). */
export class WeightedChoice {
  readonly #share: Float64Array;
  readonly #alias: Uint32Array;

  constructor(weights: ArrayLike<number>) {
    const count = weights.length;
    let total = 0;
    for (let index = 0; index < count; index += 1) {
      total += weights[index] ?? 0;
    }
    this.#share = new Float64Array(count);
    this.#alias = new Uint32Array(count);
    const small: number[] = [];
    const large: number[] = [];
    for (let index = 0; index < count; index += 1) {
      const share = ((weights[index] ?? 0) * count) / total;
      this.#share[index] = share;
      this.#alias[index] = index;
      (share < 1 ? small : large).push(index);
    }
    for (let poor = small.pop(); poor !== undefined; poor = small.pop()) {
      const rich = large.pop();
      if (rich === undefined) {
        this.#share[poor] = 1;
        continue;
      }
      this.#alias[poor] = rich;
      const left = (this.#share[rich] ?? 0) - (1 - (this.#share[poor] ?? 0));
      this.#share[rich] = left;
      (left < 1 ? small : large).push(rich);
    }
    for (const index of large) {
      this.#share[index] = 1;
    }
  }

  draw(random: Random): number {
    const index = random.below(this.#share.length);
    return random.unit() < (this.#share[index] ?? 1) ? index : (this.#alias[index] ?? index);
  }
}

/** Weights of a few that are chosen often and many that are chosen seldom, in the manner of Zipf's law. */
export function skewed(count: number): Float64Array {
  // Without the offset the first alone would take a tenth of a thousand; with it, a twentieth. Of more than a thousand
  // it takes less: nobody places the hundredth part of a large shop's orders.
  const offset = Math.max(4, count / 250);
  const weights = new Float64Array(count);
  for (let rank = 0; rank < count; rank += 1) {
    weights[rank] = 1 / (rank + offset);
  }
  return weights;
}
