import type { ModelCheck } from './model.ts';

export type CheckOutcome = 'pass' | 'warn' | 'error';

const SCALE = 100_000_000n;

/**
 * Whether `failing` of `checked` rows are more than a limit allows: "5" rows, or "0.1%" of them. In whole numbers, so
 * that a share that is just reached is not exceeded.
 */
export function exceeds(failing: number, checked: number, limit: string): boolean {
  const [, whole = '0', fraction = '', percent] = /^(\d+)(?:\.(\d+))?(%)?$/.exec(limit) ?? [];
  if (percent === undefined) {
    return BigInt(failing) > BigInt(whole);
  }
  const share = BigInt(whole + fraction.padEnd(6, '0'));
  return BigInt(failing) * SCALE > BigInt(checked) * share;
}

/** What the numbers of a check mean by its limits; see `checkSchema`. */
export function outcomeOf(check: ModelCheck, failing: number, checked: number): CheckOutcome {
  if (check.severity === 'error' && exceeds(failing, checked, check.error_above ?? '0')) {
    return 'error';
  }
  return exceeds(failing, checked, check.warn_above ?? '0') ? 'warn' : 'pass';
}
