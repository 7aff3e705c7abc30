import { parseDecimal } from '../event/decimal.ts';
import { JsonNumber, type Json } from '../event/json.ts';

/** An amount, exactly: units of 10^-scale. */
export interface Amount {
  readonly units: bigint;
  readonly scale: number;
}

export const NOTHING: Amount = { units: 0n, scale: 0 };
/** Beyond this an amount is out of range by far, or 0: the judge has it as it was sent. */
const MOST_DIGITS = 60;
/** Decimals of a unit's share of a line's amount. */
const SHARE_SCALE = 4;

/** The amount that a record holds as a number or as text; undefined where it is none, or far out of range. */
export function amountOf(value: Json): Amount | undefined {
  const text = value instanceof JsonNumber ? value.text : value;
  const decimal = typeof text === 'string' ? parseDecimal(text.trim()) : undefined;
  if (decimal === undefined || Math.abs(decimal.power) + decimal.digits.length > MOST_DIGITS) {
    return undefined;
  }
  const scale = decimal.digits.length - decimal.power;
  const digits = BigInt(decimal.digits === '' ? '0' : decimal.digits);
  const units = decimal.negative ? -digits : digits;
  return scale >= 0 ? { units, scale } : { units: units * 10n ** BigInt(-scale), scale: 0 };
}

/** Whether the judge may take a value for a number, though it has more digits than are summed up. */
export function isAmount(value: Json | undefined): boolean {
  const text = value instanceof JsonNumber ? value.text : value;
  return typeof text === 'string' && parseDecimal(text.trim()) !== undefined;
}

export function plus(a: Amount, b: Amount): Amount {
  const scale = Math.max(a.scale, b.scale);
  const to = ({ units, scale: own }: Amount): bigint => units * 10n ** BigInt(scale - own);
  return { units: to(a) + to(b), scale };
}

/** One unit's share of a line's amount, rounded half away from zero; undefined where there is no such quantity. */
export function shareOf(amount: Amount, quantity: Amount | undefined): Amount | undefined {
  if (quantity === undefined || quantity.units === 0n) {
    return undefined;
  }
  const scale = SHARE_SCALE;
  const above = amount.units * 10n ** BigInt(quantity.scale + scale);
  const below = quantity.units * 10n ** BigInt(amount.scale);
  const isNegative = above < 0n !== below < 0n;
  const magnitude = (n: bigint): bigint => (n < 0n ? -n : n);
  const rounded = (2n * magnitude(above) + magnitude(below)) / (2n * magnitude(below));
  return { units: isNegative ? -rounded : rounded, scale };
}

/** The number of JSON that an amount is, digit by digit. */
export function numberOf({ units, scale }: Amount): JsonNumber {
  const negative = units < 0n;
  const digits = (negative ? -units : units).toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const fraction = scale === 0 ? '' : `.${digits.slice(-scale)}`;
  return new JsonNumber(`${negative ? '-' : ''}${whole}${fraction}`);
}
