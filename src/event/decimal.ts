/** A number taken apart exactly: ±0.d1d2d3… × 10^power. Zero has no digits; else neither end is a 0. */
export interface Decimal {
  readonly negative: boolean;
  readonly digits: string;
  /** Not safe to compute 10^power with: an exponent as sent can be of any size. */
  readonly power: number;
}

const JSON_NUMBER = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** Reads a number written as JSON writes numbers; undefined when the text is not one. */
export function parseDecimal(text: string): Decimal | undefined {
  const match = JSON_NUMBER.exec(text);
  if (match === null) {
    return undefined;
  }
  const whole = match[2] ?? '';
  const written = whole + (match[3] ?? '');
  let first = 0;
  while (written[first] === '0') {
    first += 1;
  }
  let end = written.length;
  while (end > first && written[end - 1] === '0') {
    end -= 1;
  }
  if (first === end) {
    return { negative: false, digits: '', power: 0 };
  }
  return {
    negative: match[1] === '-',
    digits: written.slice(first, end),
    power: whole.length - first + Number(match[4] ?? 0),
  };
}

const MAX_POWER = 12;

/**
 * The amount rounded half away from zero to 2 decimals, in plain notation ("-1.01", never "-0.00").
 * Undefined when its absolute value reaches 10^12, before or after rounding.
 */
export function toAmount({ negative, digits, power }: Decimal): string | undefined {
  if (power > MAX_POWER) {
    return undefined;
  }
  const kept = power + 2;
  if (digits === '' || kept < 0) {
    return '0.00';
  }
  let cents = digits.slice(0, kept).padEnd(kept, '0');
  // Away from zero, the first digit left out decides alone.
  if ((digits[kept] ?? '0') >= '5') {
    cents = (BigInt(cents) + 1n).toString();
  }
  if (cents.length > MAX_POWER + 2) {
    return undefined;
  }
  if (cents === '') {
    return '0.00';
  }
  const text = cents.padStart(3, '0');
  return `${negative ? '-' : ''}${text.slice(0, -2)}.${text.slice(-2)}`;
}

/** The number itself when it is whole ("4", "4.0", "4e0") and below 10^15; else undefined. */
export function toWhole({ negative, digits, power }: Decimal): number | undefined {
  if (digits.length > power || power > 15) {
    return undefined;
  }
  const magnitude = Number(digits.padEnd(power, '0'));
  return negative ? -magnitude : magnitude;
}
