import { parseDecimal, toWhole } from '../event/decimal.ts';
import { isStorable } from '../event/fields.ts';
import { JsonNumber, type Json, type JsonObject } from '../event/json.ts';
import type { MembersOfBatch, NewMember } from '../event/new-members.ts';
import type { Reason } from '../event/reasons.ts';
import { nameKey, type References } from '../event/references.ts';
import { amountOf, isAmount, NOTHING, numberOf, plus, shareOf, type Amount } from './amount.ts';
import {
  ITEM_FIELDS,
  MINOR_DIGITS,
  ORDER_FIELDS,
  extraFields,
  type Field,
  type Path,
  type Rule,
  type Source,
} from './mapping.ts';
import { at, each, isThere, showPath, textOf } from './path.ts';
import { isoOf } from './time-form.ts';

/** A record in the shape of the contract, and how to speak of it in the words of the record. */
export interface Mapped {
  readonly details: JsonObject;
  /** What the contract has no field for, by its name. */
  readonly extra: JsonObject;
  /** The record's own path of a path of the contract: "items[2].unit_price" is line_items[2].price. */
  readonly pathOf: (field: string) => string;
  /** Values, by the contract's path, that the lookup or the dimension does not hold. */
  readonly unknown: ReadonlyMap<string, UnknownText>;
  /** Rows of dimensions that the record points at, and that are to be added. */
  readonly added: readonly NewMember[];
}

export interface UnknownText {
  readonly text: string;
  readonly reason: Extract<Reason, 'unknown_value' | 'unknown_reference'>;
}

/** Maps one record to the event of the contract. What cannot be mapped stays as it is: the judge says what is wrong with it. */
export function mapRecord(
  source: Source,
  record: Json,
  references: References,
  members?: MembersOfBatch,
): Mapped {
  return new Mapping(source, record, references, members).map();
}

interface Lines {
  readonly items: Json;
  readonly sum: Amount | undefined;
  /** What cannot be summed up, by the contract's path. */
  readonly fault: { readonly place: string; readonly value: Json | undefined } | undefined;
}

/** A version that is sent as a number, as an engine that has read it as one would write it. */
function versionOf({ text }: JsonNumber): string {
  const version = Number(text);
  return /^\d+$/.test(text) || !Number.isInteger(version) ? String(version) : version.toFixed(1);
}

/** What names a row: 5.0 and 5e0 are 5. */
function rowText(found: Json, text: string): string {
  const decimal = found instanceof JsonNumber ? parseDecimal(found.text) : undefined;
  return String((decimal && toWhole(decimal)) ?? text);
}

/** What a text means by the lookup; undefined where it has no meaning. */
function meantBy({ lookup, otherwise, addsNew }: Rule, text: string): string | undefined {
  return lookup === undefined
    ? text
    : (lookup.get(text) ?? otherwise ?? (addsNew ? text : undefined));
}

class Mapping {
  readonly #source: Source;
  readonly #record: Json;
  readonly #references: References;
  readonly #paths = new Map<string, string>();
  readonly #unknown = new Map<string, UnknownText>();
  readonly #members: MembersOfBatch | undefined;
  readonly #added: NewMember[] = [];
  #minorDigits = 2;

  constructor(
    source: Source,
    record: Json,
    references: References,
    members: MembersOfBatch | undefined,
  ) {
    this.#members = members;
    this.#source = source;
    this.#record = record;
    this.#references = references;
  }

  map(): Mapped {
    const { order } = this.#source;
    const currency = order.get('order.currency');
    const code = currency && this.#meantText(currency);
    this.#minorDigits = MINOR_DIGITS.get((code ?? '').trim().toUpperCase()) ?? 2;
    const details: JsonObject = new Map();
    const customer: JsonObject = new Map();
    const amounts: JsonObject = new Map();
    details.set('customer', customer);
    details.set('order', amounts);
    const lines = this.#lines();
    details.set('items', lines.items);
    const extra: JsonObject = new Map();
    const targets: Readonly<Record<string, JsonObject>> = { customer, order: amounts, extra };
    for (const field of [...ORDER_FIELDS, ...extraFields(this.#source)]) {
      const [first = '', second] = field.path.split('.');
      const target = second === undefined ? details : (targets[first] ?? details);
      const value = this.#value(field, order.get(field.path), this.#record, '', undefined);
      if (value !== undefined) {
        target.set(second ?? first, value);
      }
    }
    this.#compute(amounts, lines);
    return {
      ...{ details, extra },
      pathOf: (field) => this.#paths.get(field) ?? field,
      ...{ unknown: this.#unknown, added: this.#added },
    };
  }

  /** The text that a rule of the order means: what was sent, or what the lookup or the default has for it. */
  #meantText(rule: Rule): string | undefined {
    const sent = this.#found(rule, this.#record, '', '');
    const text = textOf(sent);
    if (sent === undefined) {
      return rule.fallback;
    }
    return text === undefined ? undefined : meantBy(rule, text);
  }

  /** The lines of the contract, and what they come to; else the field of the first line that does not say. */
  #lines(): Lines {
    const { lines, items: rules } = this.#source;
    const own = showPath(lines);
    const list = at(this.#record, lines);
    this.#paths.set('items', own);
    if (!Array.isArray(list)) {
      return { items: list ?? null, sum: undefined, fault: undefined };
    }
    let sum: Amount | undefined = NOTHING;
    let fault: Lines['fault'];
    const items = list.map((line, index) => {
      const contract = `items[${index}]`;
      this.#paths.set(contract, `${own}[${index}]`);
      if (!(line instanceof Map)) {
        return line;
      }
      const item: JsonObject = new Map();
      const quantity = this.#rawAmount(rules.get('quantity'), line);
      for (const field of ITEM_FIELDS) {
        const rule = rules.get(field.path);
        const value = this.#value(field, rule, line, `${own}[${index}].`, quantity, `${contract}.`);
        if (value !== undefined) {
          item.set(field.path, value);
        }
      }
      const price = rules.get('unit_price');
      const raw = this.#rawAmount(price, line);
      const isOfLine = price?.perLine === true && this.#found(price, line, '', '') !== undefined;
      const total =
        raw === undefined || isOfLine
          ? raw
          : quantity && { units: raw.units * quantity.units, scale: raw.scale + quantity.scale };
      if (total === undefined) {
        const name = raw === undefined ? 'unit_price' : 'quantity';
        fault ??= { place: `${contract}.${name}`, value: item.get(name) };
      }
      sum = sum && total && plus(sum, total);
      return item;
    });
    return { items, sum, fault };
  }

  /** The value of one field; undefined where it is absent. */
  #value(
    field: Field,
    rule: Rule | undefined,
    scope: Json,
    own: string,
    quantity: Amount | undefined,
    contract = '',
  ): Json | undefined {
    const place = contract + field.path;
    if (rule === undefined) {
      return typeof field.unsaid === 'object' ? field.unsaid.value : undefined;
    }
    if (rule.isComputed) {
      return undefined;
    }
    const found = this.#found(rule, scope, own, place);
    if (found === undefined) {
      return rule.fallback === undefined
        ? undefined
        : this.#meaning(field, rule, rule.fallback, place);
    }
    switch (field.kind) {
      case 'amount': {
        const amount = this.#scaled(rule, found);
        if (amount === undefined) {
          return found;
        }
        return numberOf(rule.perLine ? (shareOf(amount, quantity) ?? amount) : amount);
      }
      case 'quantity':
      case 'rate':
        return found;
      case 'version':
        return found instanceof JsonNumber ? versionOf(found) : found;
      case 'time': {
        const text = textOf(found);
        return text === undefined || rule.time === undefined
          ? (text ?? found)
          : (isoOf(text, rule.time) ?? text);
      }
      default: {
        const text = textOf(found);
        if (text === undefined) {
          return found;
        }
        // The number of a row, however it is written; a lookup goes by what was sent.
        const isRow = field.kind === 'reference' && rule.lookup === undefined;
        const meant = isRow ? rowText(found, text) : meantBy(rule, text);
        return meant === undefined
          ? this.#notKnown(place, { text, reason: 'unknown_value' })
          : this.#meaning(field, rule, meant, place);
      }
    }
  }

  #meaning({ kind, dimension }: Field, rule: Rule, text: string, place: string): Json {
    if (kind === 'flag') {
      return text === 'true' ? true : text === 'false' ? false : text;
    }
    return dimension === undefined ? text : this.#reference(dimension, rule, text, place);
  }

  /** A row by its name, its code or its id, which a record may send as text. */
  #reference(dimension: keyof References, rule: Rule, text: string, place: string): Json {
    const { ids, byName } = this.#references[dimension];
    const key = nameKey(text);
    const id = byName.get(key) ?? (/^\d{1,9}$/.test(key) ? Number(key) : undefined);
    if (id !== undefined && ids.has(id)) {
      return new JsonNumber(String(id));
    }
    const member = rule.addsNew
      ? this.#members?.find(text, dimension, this.#references)
      : undefined;
    if (member === undefined) {
      // What no name may be the judge says itself.
      return isStorable(text) ? this.#notKnown(place, { text, reason: 'unknown_reference' }) : text;
    }
    this.#added.push(member);
    return new JsonNumber(String(member.id));
  }

  /** Stands for a text without a meaning: no field may be a list, so the judge rejects it in the field's turn. */
  #notKnown(place: string, unknown: UnknownText): Json {
    this.#unknown.set(place, unknown);
    return [];
  }

  /** What a record holds for a rule; where it was looked for is remembered. */
  #found(rule: Rule, scope: Json, own: string, place: string): Json | undefined {
    if (rule.value !== undefined) {
      return rule.value;
    }
    if (rule.sum !== undefined) {
      return this.#sum(rule.sum, scope, own, place);
    }
    for (const path of rule.paths) {
      const value = at(scope, path);
      if (isThere(value)) {
        this.#paths.set(place, own + showPath(path));
        return value;
      }
    }
    const [first] = rule.paths;
    this.#paths.set(place, own + (first === undefined ? '' : showPath(first)));
    return undefined;
  }

  /** The sum of what is there; the first value that is no amount, where there is one. */
  #sum(path: Path, scope: Json, own: string, place: string): Json | undefined {
    this.#paths.set(place, own + showPath(path));
    const values = each(scope, path, []);
    if (values === undefined) {
      return undefined;
    }
    let sum = NOTHING;
    for (const { value, elements } of values) {
      const amount = amountOf(value);
      if (amount === undefined) {
        this.#paths.set(place, own + showPath(path, elements));
        return value;
      }
      sum = plus(sum, amount);
    }
    return numberOf(sum);
  }

  #scaled({ isMinor }: Rule, value: Json): Amount | undefined {
    const amount = amountOf(value);
    return amount && isMinor
      ? { units: amount.units, scale: amount.scale + this.#minorDigits }
      : amount;
  }

  /** An amount as it counts in a sum of lines. */
  #rawAmount(rule: Rule | undefined, line: Json): Amount | undefined {
    if (rule === undefined) {
      return undefined;
    }
    const found = this.#found(rule, line, '', '');
    // A default is the contract's: of one unit, and in whole money.
    return found === undefined ? amountOf(rule.fallback ?? null) : this.#scaled(rule, found);
  }

  #compute(order: JsonObject, { items, sum, fault }: Lines): void {
    const rules = this.#source.order;
    if (rules.get('order.subtotal')?.isComputed === true) {
      if (sum !== undefined) {
        order.set('subtotal', numberOf(sum));
      } else if (fault !== undefined) {
        // The judge comes to the subtotal first: it is to speak of what is wrong with the line.
        this.#paths.set('order.subtotal', this.#paths.get(fault.place) ?? fault.place);
        order.set('subtotal', isAmount(fault.value) ? [] : (fault.value ?? null));
      } else if (!Array.isArray(items)) {
        // The judge says so when it comes to the lines.
        order.set('subtotal', new JsonNumber('0'));
      }
    }
    if (rules.get('order.total_amount')?.isComputed === true) {
      const amount = (name: string): Amount | undefined => amountOf(order.get(name) ?? null);
      const subtotal = amount('subtotal');
      // Tax inside the prices is in the subtotal already.
      const tax = order.get('tax_included') === true ? NOTHING : amount('tax_amount');
      const shipping = amount('shipping_amount');
      const discount = amount('discount_amount');
      if (subtotal && tax && shipping && discount) {
        const negative = { units: -discount.units, scale: discount.scale };
        const total = [tax, shipping, negative].reduce(plus, subtotal);
        order.set('total_amount', numberOf(total));
      }
    }
  }
}
