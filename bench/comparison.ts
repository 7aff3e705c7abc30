import type { Figure } from './harness.ts';
import type { Run } from './process.ts';
import { medianPair } from './statistics.ts';

/** Two processes that did comparable work, and how often that was measured. */
export interface Comparison {
  readonly ours: Run;
  readonly other: Run;
  readonly runs: number;
}

/** Measures the two three times, and takes the time whose ratio of times is the median one. */
export async function compareRuns(
  measure: (round: number) => Promise<Pick<Comparison, 'ours' | 'other'>>,
): Promise<Comparison> {
  return medianPair(async (round) => {
    const { ours, other } = await measure(round);
    return { ours, other, seconds: ours.seconds, baseline: other.seconds };
  });
}

/** What the two are called, ours first. */
export type Names = readonly [ours: string, other: string];

/** The ratio of their times. */
export function timeRatio(
  what: string,
  [ours, other]: Names,
  comparison: Comparison,
  atMost: number,
): Figure {
  return {
    what: `time of ${what}`,
    value: comparison.ours.seconds / comparison.other.seconds,
    unit: 'x',
    target: { atMost },
    runs: comparison.runs,
    parts: {
      [ours]: comparison.ours.seconds,
      [`CPU of ${ours}`]: comparison.ours.cpuSeconds,
      [other]: comparison.other.seconds,
      [`CPU of ${other}`]: comparison.other.cpuSeconds,
    },
  };
}

/** The ratio of the memory that they held at most. */
export function memoryRatio(
  what: string,
  [ours, other]: Names,
  comparison: Comparison,
  atMost: number,
): Figure {
  return {
    what: `peak memory of ${what}`,
    value: comparison.ours.peakMegabytes / comparison.other.peakMegabytes,
    unit: 'x',
    target: { atMost },
    runs: comparison.runs,
    parts: {
      [`memory of ${ours}`]: comparison.ours.peakMegabytes,
      [`memory of ${other}`]: comparison.other.peakMegabytes,
    },
  };
}

/** The memory that ours held at most, with the other's beside it. */
export function memory(
  what: string,
  [, other]: Names,
  comparison: Comparison,
  atMost: number,
): Figure {
  return {
    what: `peak memory of ${what}`,
    value: comparison.ours.peakMegabytes,
    unit: 'MB',
    target: { atMost },
    runs: comparison.runs,
    parts: { [`memory of ${other}`]: comparison.other.peakMegabytes },
  };
}
