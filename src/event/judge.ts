import { parseDecimal, toAmount, toScale, toUnitAmount, toWhole, type Decimal } from './decimal.ts';
import { JsonNumber, parseJson, type Json, type JsonObject } from './json.ts';
import type { Reason } from './reasons.ts';
import { nameKey, type Dimension, type References } from './references.ts';
import { TIMESTAMP_FORMS, toUtcTimestamp } from './timestamp.ts';

export interface Rejection {
  readonly accepted: false;
  readonly reason: Reason;
  /** Path below transaction_details ("items[2].unit_price"); null when the event could not be entered at all. */
  readonly field: string | null;
  /** What was found there, for people: one short line, safe to print. */
  readonly detail: string;
}

export interface Acceptance {
  readonly accepted: true;
  /** The event as JSON in one fixed form: defaults filled in, amounts with 2 decimals, those of one unit with up to 4, time in UTC, extras gone. */
  readonly canonical: string;
}

export type Judgement = Acceptance | Rejection;

const UNKNOWN = 'unknown';
const MAX_TEXT_LENGTH = 200;
const MAX_QUANTITY = 1_000_000;
const QUANTITY_SCALE = 3;
const MAX_QUANTITY_POWER = 7;
const RATE_SCALE = 10;
const MAX_RATE_POWER = 9;
/** What needs neither escapes nor further checks: nearly every text there is. */
const PLAIN_TEXT = /^[ !#-[\]-~]{0,200}$/;
/** An amount that is canonical as it stands: nearly every one, again. */
const PLAIN_AMOUNT = /^(?:0|[1-9]\d{0,11})\.\d\d$/;
const NO_TIMESTAMP = `no time of the years 1900 to 9999 as ${TIMESTAMP_FORMS}`;
const SUPPORTED_VERSION = /^1(\.\d+)*$/;

/**
 * Judges one event by the contract's rules of reading. Where several rules are broken, the first in the order
 * of the event decides. Never throws; cost is linear in the size of the event.
 */
export function judge(value: string, references: References): Judgement {
  return judgeText(value, (event) => {
    const details = memberOf(memberOf(event, 'data'), 'transaction_details');
    return details instanceof Map
      ? judgeDetails(details, references)
      : rejection('not_an_event', null, `data.transaction_details is ${show(details)}`);
  });
}

/** Judges what a text holds, if it is JSON. */
export function judgeText<Other = never>(
  value: string,
  judgeJson: (event: Json) => Judgement | Other,
): Judgement | Other {
  let event: Json;
  try {
    event = parseJson(value);
  } catch (error) {
    return rejection(
      'invalid_json',
      null,
      printable(error instanceof Error ? error.message : String(error)),
    );
  }
  return judgeJson(event);
}

/** What an event may hold beyond the rules of reading, where its source says so. */
export interface Latitude {
  /** Quantities with up to 3 decimals, as of goods by weight. */
  readonly fractions: boolean;
}

/** Judges an event by what is below its transaction_details. */
export function judgeDetails(
  details: JsonObject,
  references: References,
  latitude: Latitude = { fractions: false },
): Judgement {
  const breaches = new FirstBreach();
  const canonical = readDetails(details, references, latitude, breaches);
  return breaches.first ?? { accepted: true, canonical };
}

/** Rules are read to the end, in the order of the event; only the first breach is kept. */
class FirstBreach {
  first: Rejection | undefined;

  note(reason: Reason, field: string, detail: string): void {
    this.first ??= rejection(reason, field, detail);
  }
}

function readDetails(
  details: JsonObject,
  references: References,
  latitude: Latitude,
  breaches: FirstBreach,
): string {
  const event = new Fields(details, '', breaches);
  const members = [
    `"transaction_id":${event.id('transaction_id')}`,
    `"event_type":${event.text('event_type')}`,
    `"event_version":${event.version('event_version')}`,
    `"event_timestamp":${event.timestamp('event_timestamp')}`,
    ...event.optional('ordered_at', (name) => event.timestamp(name)),
    ...event.optional('refunds', (name) => event.id(name)),
    `"customer":${readCustomer(event.object('customer'))}`,
    `"order":${readOrder(event.object('order'), references)}`,
    `"items":${readItems(event, latitude, breaches)}`,
  ];
  return `{"data":{"transaction_details":{${members.join()}}}}`;
}

/** A guest is nobody's customer, whatever id the event gives. */
function readCustomer(customer: Fields): string {
  const who = customer.flag('guest') ? '"guest":true' : `"id":${customer.id('id')}`;
  return (
    `{${who},"type":${customer.text('type', UNKNOWN)},` +
    `"country":${customer.text('country', UNKNOWN)},"city":${customer.text('city', UNKNOWN)}}`
  );
}

function readOrder(order: Fields, { statuses, paymentMethods, currencies }: References): string {
  const members = [
    `"status":${order.reference('status', statuses)}`,
    `"payment_method":${order.reference('payment_method', paymentMethods)}`,
    `"currency":${order.reference('currency', currencies)}`,
    `"subtotal":${order.amount('subtotal')}`,
    `"tax_amount":${order.amount('tax_amount')}`,
    `"shipping_amount":${order.amount('shipping_amount')}`,
    `"discount_amount":${order.amount('discount_amount')}`,
    `"total_amount":${order.amount('total_amount')}`,
    ...(order.flag('tax_included') ? ['"tax_included":true'] : []),
    ...order.optional('exchange_rate', (name) => order.rate(name)),
  ];
  return `{${members.join()}}`;
}

function readItems(event: Fields, latitude: Latitude, breaches: FirstBreach): string {
  const items: string[] = [];
  for (const [index, item] of event.list('items').entries()) {
    const path = `items[${String(index)}]`;
    if (!(item instanceof Map)) {
      breaches.note('invalid_type', path, `expected an object, found ${show(item)}`);
      break;
    }
    items.push(readItem(new Fields(item, `${path}.`, breaches), latitude));
    if (breaches.first !== undefined) {
      break;
    }
  }
  return `[${items.join()}]`;
}

function readItem(item: Fields, { fractions }: Latitude): string {
  return (
    `{"id":${item.id('id')},"category":${item.text('category')},` +
    `"unit_price":${item.unitAmount('unit_price', { notNegative: true })},` +
    `"quantity":${fractions ? item.fraction('quantity') : item.quantity('quantity')},` +
    `"discount":${item.unitAmount('discount', { missing: '0.00' })},` +
    `"cost":${item.unitAmount('cost', { notNegative: true, missing: '0.00' })}}`
  );
}

interface AmountRule {
  readonly notNegative?: boolean;
  /** What stands for an amount that is not there; without it the amount is required. */
  readonly missing?: string;
}

/** The members of one object of the event, each read by its rule into canonical JSON text. */
class Fields {
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

  amount(name: string, rule: AmountRule = {}): string {
    return this.#amount(name, rule, toAmount);
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
    const decimal = this.#decimal(name, value, 'invalid_amount');
    if (decimal === undefined) {
      return '';
    }
    if (notNegative && decimal.negative) {
      return this.#reject('invalid_amount', name, `below zero: ${show(value)}`);
    }
    return (
      shown(decimal) ?? this.#reject('invalid_amount', name, `not below 10^12: ${show(value)}`)
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
    const value = this.#present(name);
    const decimal = this.#decimal(name, value, 'invalid_amount');
    if (decimal === undefined) {
      return '';
    }
    const rate = toScale(decimal, RATE_SCALE, MAX_RATE_POWER);
    return rate === undefined || decimal.negative || !/[1-9]/.test(rate)
      ? this.#reject('invalid_amount', name, `no rate above 0 and below 10^9: ${show(value)}`)
      : `"${rate}"`;
  }

  quantity(name: string): string {
    const value = this.#present(name);
    const decimal = this.#decimal(name, value, 'invalid_quantity');
    if (decimal === undefined) {
      return '';
    }
    const quantity = toWhole(decimal);
    return quantity === undefined || quantity < 1 || quantity > MAX_QUANTITY
      ? this.#reject(
          'invalid_quantity',
          name,
          `no whole number from 1 to 1,000,000: ${show(value)}`,
        )
      : String(quantity);
  }

  /** A quantity that may have 3 decimals; more are no quantity, since they would be rounded. */
  fraction(name: string): string {
    const value = this.#present(name);
    const decimal = this.#decimal(name, value, 'invalid_quantity');
    if (decimal === undefined) {
      return '';
    }
    const quantity = toScale(decimal, QUANTITY_SCALE, MAX_QUANTITY_POWER);
    const isExact = decimal.digits.length - decimal.power <= QUANTITY_SCALE;
    return quantity === undefined ||
      !isExact ||
      Number(quantity) <= 0 ||
      Number(quantity) > MAX_QUANTITY
      ? this.#reject(
          'invalid_quantity',
          name,
          `no number above 0 and up to 1,000,000 with 3 decimals: ${show(value)}`,
        )
      : quantity;
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

  #decimal(name: string, value: Json | undefined, reason: Reason): Decimal | undefined {
    if (value instanceof JsonNumber) {
      return parseDecimal(value.text);
    }
    if (typeof value === 'string') {
      const decimal = parseDecimal(value.trim());
      if (decimal === undefined) {
        this.#rejectText(reason, name, value, 'no number');
      }
      return decimal;
    }
    if (value === undefined) {
      this.#rejectMissing(name);
    } else {
      this.#reject('invalid_type', name, `expected a number, found ${show(value)}`);
    }
    return undefined;
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

function rejection(reason: Reason, field: string | null, detail: string): Rejection {
  return { accepted: false, reason, field, detail };
}

/** PostgreSQL's text holds neither NUL nor half a surrogate pair. */
function isStorable(value: string): boolean {
  return !value.includes('\0') && !/\p{Surrogate}/u.test(value);
}

function isTooLong(value: string): boolean {
  // A character has at most two code units: count them one by one only where it matters.
  return (
    value.length > 2 * MAX_TEXT_LENGTH ||
    (value.length > MAX_TEXT_LENGTH && Array.from(value).length > MAX_TEXT_LENGTH)
  );
}

function memberOf(value: Json | undefined, name: string): Json | undefined {
  return value instanceof Map ? value.get(name) : undefined;
}

const SHOWN_LENGTH = 60;

/** A value for people, in one short line. */
export function show(value: Json | undefined): string {
  if (typeof value === 'string') {
    return printable(JSON.stringify(clip(value)));
  }
  if (value instanceof JsonNumber) {
    return clip(value.text);
  }
  if (value instanceof Map) {
    return 'an object';
  }
  if (Array.isArray(value)) {
    return 'an array';
  }
  return value === undefined ? 'missing' : String(value);
}

function clip(text: string): string {
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text;
}

/** Control, format and line-breaking characters as escapes: no terminal or log line can be upset. */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`,
  );
}
