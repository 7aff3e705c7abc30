export interface Pair {
  /** Ours. */
  readonly seconds: number;
  /** What ours is compared with. */
  readonly baseline: number;
}

/**
 * Measures a pair three times: on a new server the first of all commands takes longer, since the server's memory and
 * the files of its log are made while it runs.
 * @returns the pair whose ratio is the median one
 */
export async function medianPair<P extends Pair>(
  measure: (round: number) => Promise<P>,
): Promise<P & { runs: number }> {
  const pairs: [P, P, P] = [await measure(0), await measure(1), await measure(2)];
  pairs.sort((a, b) => a.seconds / a.baseline - b.seconds / b.baseline);
  return { ...pairs[1], runs: pairs.length };
}

/**
 * The value that a share of all values does not exceed (the nearest rank): 0.5 is the median, 1 the largest.
 * NaN of no values.
 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}
