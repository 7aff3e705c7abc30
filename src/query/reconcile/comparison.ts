/** The three comparisons, in the order of the pipeline. */
export const CHECKS = ['log-to-bronze', 'bronze-to-silver', 'silver-to-gold'] as const;
export type CheckName = (typeof CHECKS)[number];

/**
 * One comparison of two layers, in whole numbers or cents as decimal text.
 * `found` plus `waiting` less `expected` is `difference`: below zero something is missing.
 */
export interface Comparison {
  readonly check: CheckName;
  /** "topic/partition", or a day, or several. */
  readonly scope: string;
  /** What is counted: events, places, orders, or a sum of money. */
  readonly measure: string;
  readonly expected: string;
  readonly found: string;
  readonly difference: string;
  /** What the lower layer has and the upper one is yet to take. */
  readonly waiting: string;
  readonly result: 'ok' | 'waiting' | 'different';
  /** What is worth knowing: gaps, offsets without an event, what was pruned, which events differ. */
  readonly note: string | null;
}

/** What is compared: whole things, or cents. */
export interface Counts {
  readonly expected: bigint;
  readonly found: bigint;
  readonly waiting: bigint;
}

/** A comparison of counted events, or other whole things. */
export function compareCounts(
  at: Pick<Comparison, 'check' | 'scope' | 'measure'>,
  { expected, found, waiting }: Counts,
  notes: readonly string[],
): Comparison {
  const difference = found + waiting - expected;
  return {
    ...at,
    ...{ expected: String(expected), found: String(found), difference: String(difference) },
    waiting: String(waiting),
    result: resultOf(difference, waiting),
    note: notes.length === 0 ? null : notes.join('; '),
  };
}

/** The same of money: amounts in cents. */
export function compareMoney(
  at: Pick<Comparison, 'check' | 'scope' | 'measure'>,
  cents: Counts,
  notes: readonly string[],
): Comparison {
  const compared = compareCounts(at, cents, notes);
  const { expected, found, difference, waiting } = compared;
  return {
    ...compared,
    ...{ expected: asMoney(expected), found: asMoney(found) },
    ...{ difference: asMoney(difference), waiting: asMoney(waiting) },
  };
}

function resultOf(difference: bigint, waiting: bigint): Comparison['result'] {
  return difference !== 0n ? 'different' : waiting !== 0n ? 'waiting' : 'ok';
}

function asMoney(cents: string): string {
  const digits = cents.replace('-', '').padStart(3, '0');
  return `${cents.startsWith('-') ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/** "1 event", "2 events". */
export function events(count: bigint): string {
  return `${String(count)} ${count === 1n ? 'event' : 'events'}`;
}

/** "17", or "17-20" of offsets from..to (exclusive). */
export function offsetRange(from: bigint, to: bigint): string {
  return to - from === 1n ? String(from) : `${String(from)}-${String(to - 1n)}`;
}
