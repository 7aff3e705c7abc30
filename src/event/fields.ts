import { parseDecimal, toAmount, toScale, toUnitAmount, toWhole, type Decimal } from './decimal.ts';
import { JsonNumber, type Json, type JsonObject } from './json.ts';
import type { Reason } from './reasons.ts';
import { nameKey, type Dimension } from './references.ts';
import { show } from './show.ts';
import { TIMESTAMP_FORMS, toUtcTimestamp } from './timestamp.ts';

export interface Rejection {
  readonly accepted: false;
  readonly reason: Reason;
  /** Path below transaction_details ("items[2].unit_price"); null when the event could not be entered at all. */
  readonly field: string | null;
  /** What was found there, for people: one short line, safe to print. */
  readonly detail: string;
}

export function rejection(reason: Reason, field: string | null, detail: string): Rejection {
  return { accepted: false, reason, field, detail };
}

/** Rules are read to the end, in the order of the event; only the first breach is kept. */
export class FirstBreach {
  first: Rejection | undefined;

  note(reason: Reason, field: string, detail: string): void {
    this.first ??= rejection(reason, field, detail);
  }
}

/** Of a text, in characters. */
export const MAX_TEXT_LENGTH = 200;
const MAX_QUANTITY = 1_000_000;
const QUANTITY_SCALE = 3;
const MAX_QUANTITY_POWER = 7;
const RATE_SCALE = 10;
const MAX_RATE_POWER = 9;
/** What needs neither escapes nor further checks: nearly every text there is. */
const PLAIN_TEXT = /^[ !#-[\]-~]{0,200}$/;
/** An amount that is canonical as it stands: nearly every one, again. */
const PLAIN_AMOUNT = /^(?:0|[1-9]\d{0,11})\.\d\d$/;
const NO_TIMESTAMP = `not a time of the years 1900 to 9999 as ${TIMESTAMP_FORMS}`;
const SUPPORTED_VERSION = /^1(\.\d+)*$/;

interface AmountRule {
  readonly notNegative?: boolean;
  /** What stands for an amount that is not there; without it the amount is required. */
  readonly missing?: string;
}

/** The members of one object of the event, each read by its rule into canonical JSON text. */
export class Fields {
  readonly #object: JsonObject;
  readonly #path: string;
  readonly #breaches: FirstBreach;

  constructor(object: JsonObject, path: string, breaches: FirstBreach) {
    this.#object = object;
    this.#path = path;
    this.#breaches = breaches;
  }

  /** Text kept as sent. */
  text(name: string, missing?: string): string {
    const value = this.#string(name, missing);
    return value === undefined ? '' : this.#quoted(name, value);
  }

  /** Text without its outer white space. */
  id(name: string): string {
    const value = this.#string(name);
    return value === undefined ? '' : this.#quoted(name, value.trim());
  }

  version(name: string): string {
    const value = this.#string(name);
    if (value === undefined) {
      return '';
    }
    const quoted = this.#quoted(name, value);
    return quoted === '' || SUPPORTED_VERSION.test(value)
      ? quoted
      : this.#reject('unsupported_version', name, `expected version 1, found ${show(value)}`);
  }

  timestamp(name: string): string {
    const value = this.#string(name);
    if (value === undefined) {
      return '';
    }
    const utc = toUtcTimestamp(value);
    return utc === undefined
      ? this.#rejectText('invalid_timestamp', name, value, NO_TIMESTAMP)
      : `"${utc}"`;
  }

  amount(name: string): string {
    return this.#amount(name, {}, toAmount);
  }

  /** With more than 2 decimals in quotes: a JSON number would pass through a double, which holds 15 digits. */
  unitAmount(name: string, rule: AmountRule): string {
    return this.#amount(name, rule, (decimal) => {
      const amount = toUnitAmount(decimal);
      return amount === undefined || /\.\d\d$/.test(amount) ? amount : `"${amount}"`;
    });
  }

  #amount(
    name: string,
    { notNegative = false, missing }: AmountRule,
    shown: (decimal: Decimal) => string | undefined,
  ): string {
    const value = this.#present(name);
    if (value === undefined && missing !== undefined) {
      return missing;
    }
    if (value instanceof JsonNumber && PLAIN_AMOUNT.test(value.text)) {
      return value.text;
    }
    return this.#number(name, 'invalid_amount', 'not below 10^12', (decimal) =>
      notNegative && decimal.negative
        ? this.#reject('invalid_amount', name, `below zero: ${show(value)}`)
        : shown(decimal),
    );
  }

  /** A member that may be missing, as JSON text with its name. */
  optional(name: string, read: (name: string) => string): string[] {
    return this.#present(name) === undefined ? [] : [`"${name}":${read(name)}`];
  }

  /** Whether a member says true; one that is missing does not. */
  flag(name: string): boolean {
    const value = this.#present(name);
    if (value !== undefined && typeof value !== 'boolean') {
      this.#reject('invalid_type', name, `expected true or false, found ${show(value)}`);
    }
    return value === true;
  }

  /** A number above 0, as text: a JSON number would pass through a double. */
  rate(name: string): string {
    return this.#number(name, 'invalid_amount', 'not a rate above 0 and below 10^9', (decimal) => {
      const rate = decimal.negative ? undefined : toScale(decimal, RATE_SCALE, MAX_RATE_POWER);
      return rate !== undefined && /[1-9]/.test(rate) ? `"${rate}"` : undefined;
    });
  }

  quantity(name: string): string {
    const wanted = 'not a whole number from 1 to 1,000,000';
    return this.#number(name, 'invalid_quantity', wanted, (decimal) => {
      const quantity = toWhole(decimal) ?? 0;
      return quantity >= 1 && quantity <= MAX_QUANTITY ? String(quantity) : undefined;
    });
  }

  /** A quantity that may have 3 decimals; more are no quantity, since they would be rounded. */
  fraction(name: string): string {
    const wanted = 'not a number above 0 and up to 1,000,000 with 3 decimals';
    return this.#number(name, 'invalid_quantity', wanted, (decimal) => {
      const quantity = toScale(decimal, QUANTITY_SCALE, MAX_QUANTITY_POWER) ?? '0';
      const isExact = decimal.digits.length - decimal.power <= QUANTITY_SCALE;
      const isInRange = Number(quantity) > 0 && Number(quantity) <= MAX_QUANTITY;
      return isExact && isInRange ? quantity : undefined;
    });
  }

  /** The id of a row that is named by its id, its name or its code. */
  reference(name: string, rows: Dimension): string {
    const value = this.#present(name);
    if (value === undefined) {
      return this.#rejectMissing(name);
    }
    if (typeof value === 'string') {
      return this.#named(name, value, rows);
    }
    if (!(value instanceof JsonNumber)) {
      return this.#reject(
        'invalid_type',
        name,
        `expected a number or a name, found ${show(value)}`,
      );
    }
    const decimal = parseDecimal(value.text);
    const id = decimal && toWhole(decimal);
    return id === undefined || !rows.ids.has(id)
      ? this.#reject('unknown_reference', name, `no such row: ${show(value)}`)
      : String(id);
  }

  #named(name: string, value: string, rows: Dimension): string {
    const id = rows.byName.get(nameKey(value));
    if (id !== undefined) {
      return String(id);
    }
    // An id in quotes is no name.
    return parseDecimal(value.trim()) === undefined
      ? this.#rejectText('unknown_reference', name, value, 'no such row')
      : this.#reject('invalid_type', name, `expected a number or a name, found ${show(value)}`);
  }

  /** The fields of a member that is an object; one that is missing has no fields. */
  object(name: string): Fields {
    const value = this.#present(name);
    if (value !== undefined && !(value instanceof Map)) {
      this.#reject('invalid_type', name, `expected an object, found ${show(value)}`);
    }
    const members = value instanceof Map ? value : new Map<string, Json>();
    return new Fields(members, `${this.#path}${name}.`, this.#breaches);
  }

  list(name: string): readonly Json[] {
    const value = this.#present(name);
    if (Array.isArray(value) && value.length > 0) {
      return value;
    }
    if (value === undefined || Array.isArray(value)) {
      this.#reject('no_items', name, value === undefined ? 'missing' : 'empty');
    } else {
      this.#reject('invalid_type', name, `expected an array, found ${show(value)}`);
    }
    return [];
  }

  /** Null and blank strings are missing. */
  #present(name: string): Json | undefined {
    const value = this.#object.get(name);
    return value === null || (typeof value === 'string' && value.trim() === '') ? undefined : value;
  }

  #string(name: string, missing?: string): string | undefined {
    const value = this.#present(name) ?? missing;
    if (typeof value === 'string') {
      return value;
    }
    if (value === undefined) {
      this.#rejectMissing(name);
    } else {
      this.#reject('invalid_type', name, `expected text, found ${show(value)}`);
    }
    return undefined;
  }

  /** @param read undefined: the number is not what is `wanted` */
  #number(
    name: string,
    reason: Reason,
    wanted: string,
    read: (decimal: Decimal) => string | undefined,
  ): string {
    const value = this.#present(name);
    if (value === undefined) {
      return this.#rejectMissing(name);
    }
    if (typeof value !== 'string' && !(value instanceof JsonNumber)) {
      return this.#reject('invalid_type', name, `expected a number, found ${show(value)}`);
    }
    const text = typeof value === 'string' ? value : value.text;
    const decimal = parseDecimal(text.trim());
    return decimal === undefined
      ? this.#rejectText(reason, name, text, 'not a number')
      : (read(decimal) ?? this.#reject(reason, name, `${wanted}: ${show(value)}`));
  }

  /** As a JSON string, when PostgreSQL can hold the text and it is not too long. */
  #quoted(name: string, value: string): string {
    if (PLAIN_TEXT.test(value)) {
      return `"${value}"`;
    }
    if (!isStorable(value) || isTooLong(value)) {
      return this.#rejectText('invalid_type', name, value, 'longer than 200 characters');
    }
    return JSON.stringify(value);
  }

  /** Rejects a text for what it says, unless it is no text to begin with. */
  #rejectText(reason: Reason, name: string, value: string, detail: string): '' {
    return isStorable(value)
      ? this.#reject(reason, name, `${detail}: ${show(value)}`)
      : this.#reject('not_text', name, `holds a NUL or half a surrogate pair: ${show(value)}`);
  }

  #rejectMissing(name: string): '' {
    return this.#reject('missing_field', name, 'missing');
  }

  #reject(reason: Reason, name: string, detail: string): '' {
    this.#breaches.note(reason, `${this.#path}${name}`, detail);
    return '';
  }
}

/** PostgreSQL's text holds neither NUL nor half a surrogate pair. */
export function isStorable(value: string): boolean {
  return !value.includes('\0') && !/\p{Surrogate}/u.test(value);
}

/** Whether a text is longer than any may be. */
export function isTooLong(value: string): boolean {
  // A character has at most two code units: count them one by one only where it matters.
  return (
    value.length > 2 * MAX_TEXT_LENGTH ||
    (value.length > MAX_TEXT_LENGTH && Array.from(value).length > MAX_TEXT_LENGTH)
  );
}
