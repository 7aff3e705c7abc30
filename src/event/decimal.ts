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

/** The amount rounded to 2 decimals, as `toScale` does, below 10^12. */
export function toAmount(decimal: Decimal): string | undefined {
  return toScale(decimal, 2, MAX_POWER);
}

const UNIT_SCALE = 4;

/** An amount of one unit, rounded to 4 decimals, of which it shows 2 where the others are 0; below 10^12. */
export function toUnitAmount(decimal: Decimal): string | undefined {
  return toScale(decimal, UNIT_SCALE, MAX_POWER)?.replace(/00$/, '');
}

/**
 * The number rounded half away from zero to some decimals, in plain notation ("-1.01", never "-0.00").
 * Undefined when its absolute value reaches 10^maxPower, before or after rounding.
 */
export function toScale(
  { negative, digits, power }: Decimal,
  scale: number,
  maxPower: number,
): string | undefined {
  if (power > maxPower) {
    return undefined;
  }
  const kept = power + scale;
  let units = digits === '' || kept < 0 ? '' : digits.slice(0, kept).padEnd(kept, '0');
  // Away from zero, the first digit left out decides alone.
  if (kept >= 0 && (digits[kept] ?? '0') >= '5') {
    units = (BigInt(units) + 1n).toString();
  }
  if (units.length > maxPower + scale) {
    return undefined;
  }
  const text = units.padStart(scale + 1, '0');
  return `${negative && units !== '' ? '-' : ''}${text.slice(0, -scale)}.${text.slice(-scale)}`;
}

/** The number itself when it is whole ("4", "4.0", "4e0") and below 10^15; else undefined. */
export function toWhole({ negative, digits, power }: Decimal): number | undefined {
  if (digits.length > power || power > 15) {
    return undefined;
  }
  const magnitude = Number(digits.padEnd(power, '0'));
  return negative ? -magnitude : magnitude;
}
