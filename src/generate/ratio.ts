/** Exact decimals from whole cents. Sums are whole numbers below 2^53, every quotient is BigInt arithmetic. */

/**
 * numerator / denominator with four decimals, rounded half away from zero.
 * @param denominator above zero
 */
export function mean(numerator: bigint, denominator: bigint): string {
  const scaled = numerator * 20_000n;
  const half = scaled < 0n ? -denominator : denominator;
  return decimal((scaled + half) / (2n * denominator), 4);
}

/** Whole cents as an amount with two decimals. */
export function amount(cents: number): string {
  return decimal(whole(cents), 2);
}

/** @throws RangeError when a sum has grown past what a double holds exactly */
export function whole(sum: number): bigint {
  if (!Number.isSafeInteger(sum)) {
    throw new RangeError('a sum of cents is too large to be exact');
  }
  return BigInt(sum);
}

/** The sum of fractions, as one fraction. */
export function sumOfFractions(
  fractions: Iterable<readonly [numerator: bigint, denominator: bigint]>,
): [numerator: bigint, denominator: bigint] {
  let numerator = 0n;
  let denominator = 1n;
  for (const [above, below] of fractions) {
    const shared = (denominator / gcd(denominator, below)) * below;
    numerator = numerator * (shared / denominator) + above * (shared / below);
    denominator = shared;
  }
  return [numerator, denominator];
}

function gcd(a: bigint, b: bigint): bigint {
  return b === 0n ? a : gcd(b, a % b);
}

function decimal(units: bigint, scale: number): string {
  const sign = units < 0n ? '-' : '';
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, '0');
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
