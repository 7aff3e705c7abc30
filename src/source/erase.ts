import { JsonNumber, jsonText, parseJson, type Json } from '../event/json.ts';
import type { Judgement } from '../event/judge.ts';
import type { References } from '../event/references.ts';
import { judgeBy, SKIPPED } from './judge.ts';
import {
  EACH,
  ITEM_FIELDS,
  itemPath,
  ORDER_FIELDS,
  pathsOf,
  REJECTED,
  type Path,
  type Source,
  type Step,
} from './mapping.ts';
import { at, isThere, textOf } from './path.ts';
import { mapRecord } from './plan.ts';

/** What stands for text that cannot be read, which is no JSON either: it is rejected as it was before. */
export const UNREADABLE = 'erased';
const DETAILS = ['data', 'transaction_details'];
const CUSTOMER_ID = 'customer.id';

/** A record of a customer without what identifies the customer. */
export interface Erased {
  readonly value: string;
  /** The order that it is a version of, where it names the customer. */
  readonly order: string | undefined;
  /** What the judge made of the record before, and makes of it now, where it accepts it: canonical JSON. */
  readonly canonical: { readonly before: string; readonly after: string } | undefined;
}

/** What a log has of a record beside its value. */
export interface Beside {
  readonly key: string | null;
  /** A key that is no text. */
  readonly keyBytes: Uint8Array | null;
  /** As JSON. */
  readonly headers: string | null;
}

/** A record that would be another one without what identifies its customer. */
export class NotErasable extends Error {}

/** Takes one customer out of records. */
export class Eraser {
  readonly #id: string;
  readonly #replacement: string;
  readonly #references: References;
  readonly #inText: RegExp;
  readonly #inBytes: RegExp;
  readonly #shapes = new Map<Source | undefined, Shape>();
  readonly #orders: ReadonlySet<string>;

  /**
   * @param replacement the id that stands for the customer's from now on
   * @param orders the customer's: versions of them, and refunds, that name no customer are erased, too
   */
  constructor(
    id: string,
    replacement: string,
    references: References,
    orders: ReadonlySet<string> = new Set(),
  ) {
    this.#orders = orders;
    this.#id = id;
    this.#replacement = replacement;
    this.#references = references;
    this.#inText = wordOf(id);
    this.#inBytes = wordOf(Buffer.from(id).toString('latin1'));
  }

  /**
   * A record as it is without the customer: another id, and beside it only what the event of the contract is made of, so
   * that it comes to the same event.
   * @returns undefined where it is no record of this customer
   * @throws NotErasable
   */
  erase(source: Source | undefined, value: string): Erased | undefined {
    let record: Json;
    try {
      record = parseJson(value);
    } catch {
      return this.#inText.test(value)
        ? { value: UNREADABLE, order: undefined, canonical: undefined }
        : undefined;
    }
    const { customer, order, refunds } = this.#readIds(source, record);
    if (customer !== undefined && customer !== this.#id) {
      return undefined;
    }
    const judge = judgeBy(source, this.#references);
    const before = judge(value);
    const isOurs =
      customer !== undefined ||
      this.#orders.has(order ?? '') ||
      this.#orders.has(refunds ?? '') ||
      // A record without a customer that can be read is in no table: whatever holds the id goes.
      (before !== SKIPPED && !before.accepted && this.#inText.test(value));
    if (!isOurs) {
      return undefined;
    }
    const text = jsonText(this.#reduced(source, record));
    return {
      value: text,
      order: customer === undefined ? undefined : order,
      canonical: this.#sameBut(before, judge(text)),
    };
  }

  /** Whether the key or a header names the customer, as where a producer keys the orders of a guest by an account. */
  isNamedBy({ key, keyBytes, headers }: Beside): boolean {
    return (
      key?.trim() === this.#id ||
      [key, headers].some((text) => text !== null && this.#inText.test(text)) ||
      (keyBytes !== null && this.holds(Buffer.from(keyBytes)))
    );
  }

  /** Whether bytes that are no text hold the id: as a word, or as Avro writes a text, behind its length. */
  holds(bytes: Buffer): boolean {
    const id = Buffer.from(this.#id);
    return (
      this.#inBytes.test(bytes.toString('latin1')) ||
      bytes.includes(Buffer.concat([varint(2 * id.length), id]))
    );
  }

  #readIds(
    source: Source | undefined,
    record: Json,
  ): Record<'customer' | 'order' | 'refunds', string | undefined> {
    const details =
      source === undefined
        ? (at(record, DETAILS) ?? null)
        : mapRecord(source, record, this.#references).details;
    const read = (path: Path): string | undefined => {
      const id = textOf(at(details, path))?.trim();
      return id === '' ? undefined : id;
    };
    return {
      customer: read(['customer', 'id']),
      order: read(['transaction_id']),
      refunds: read(['refunds']),
    };
  }

  #reduced(source: Source | undefined, record: Json): Json {
    let shape = this.#shapes.get(source);
    if (shape === undefined) {
      shape = shapeOf(source);
      this.#shapes.set(source, shape);
    }
    const reduced = reduce(record, shape);
    const paths =
      source === undefined
        ? [[...DETAILS, 'customer', 'id']]
        : (source.order.get(CUSTOMER_ID)?.paths ?? []);
    const path = paths.find((each) => isThere(at(record, each)));
    if (path !== undefined) {
      const isNumber = source === undefined && at(record, path) instanceof JsonNumber;
      // A number is no id in the contract's own shape, so that one stands for any other.
      put(reduced, path, isNumber ? new JsonNumber('0') : this.#replacement);
    }
    return reduced;
  }

  /** @throws NotErasable unless the record comes to what it came to before, under another id */
  #sameBut(before: Outcome, after: Outcome): Erased['canonical'] {
    if (before === SKIPPED || after === SKIPPED) {
      return before === after ? undefined : notErasable();
    }
    if (!before.accepted || !after.accepted) {
      const isSame =
        !before.accepted &&
        !after.accepted &&
        before.reason === after.reason &&
        before.field === after.field;
      return isSame ? undefined : notErasable();
    }
    const expected = parseJson(before.canonical);
    const customer = [...DETAILS, 'customer'];
    if (isThere(at(expected, [...customer, 'id']))) {
      put(expected, [...customer, 'id'], this.#replacement);
    }
    return jsonText(expected) === jsonText(parseJson(after.canonical))
      ? { before: before.canonical, after: after.canonical }
      : notErasable();
  }
}

type Outcome = Judgement | typeof SKIPPED;

function notErasable(): never {
  throw new NotErasable('the record comes to something else under another customer id');
}

/** Whether every record of a source has this customer by what the source itself says. */
export function saysItself({ order }: Source, id: string): boolean {
  const rule = order.get(CUSTOMER_ID);
  const texts = [rule?.value, rule?.fallback, rule?.otherwise, ...(rule?.lookup?.values() ?? [])];
  return texts.some((text) => text?.trim() === id);
}

/** The places of a record that its event is made of; a place without any below it is a value. */
type Shape = Map<Step, Shape>;

function shapeOf(source: Source | undefined): Shape {
  const shape: Shape = new Map();
  for (const path of source === undefined ? OWN_PATHS : eventPaths(source)) {
    let place = shape;
    for (const step of path) {
      const below = place.get(step) ?? new Map<Step, Shape>();
      place.set(step, below);
      place = below;
    }
  }
  return shape;
}

/** Those of the contract's own shape. */
const OWN_PATHS: readonly Path[] = [
  ...ORDER_FIELDS.map(({ path }) => [...DETAILS, ...path.split('.')]),
  [...DETAILS, 'event_version'],
  ...ITEM_FIELDS.map(({ path }): Path => [...DETAILS, 'items', EACH, path]),
];

function eventPaths(source: Source): Path[] {
  return [
    ...[...source.order].flatMap(([field, rule]) => (field === CUSTOMER_ID ? [] : pathsOf(rule))),
    ...[...source.items.values()].flatMap(pathsOf).map((path) => itemPath(source, path)),
    itemPath(source, []),
    ...source.where.map(({ path }) => path),
    ...(source.csv === undefined ? [] : [[source.csv.groupBy], [REJECTED, 'reason']]),
  ];
}

/** What of a value has a place in the shape; where another kind of value stands, nothing but its kind. */
function reduce(value: Json, shape: Shape): Json {
  if (value instanceof Map) {
    const members = [...value].flatMap(([name, member]): [string, Json][] => {
      const below = shape.get(name);
      return below === undefined ? [] : [[name, reduce(member, below)]];
    });
    return new Map(members);
  }
  if (Array.isArray(value)) {
    return value.map((element, index) => {
      const belows = [shape.get(EACH), shape.get(index)].filter((below) => below !== undefined);
      return belows.length === 0 ? null : reduce(element, merged(belows));
    });
  }
  if (shape.size === 0) {
    return value;
  }
  if (typeof value === 'string' && value.trim() !== '') {
    return UNREADABLE;
  }
  return value instanceof JsonNumber ? new JsonNumber('0') : value;
}

function merged([first = new Map<Step, Shape>(), second]: readonly Shape[]): Shape {
  if (second === undefined) {
    return first;
  }
  const both: Shape = new Map(first);
  for (const [step, below] of second) {
    const known = both.get(step);
    both.set(step, known === undefined ? below : merged([known, below]));
  }
  return both;
}

/** Sets the value at a path, with the objects and elements on the way there. @returns what stands there then */
function put(root: Json | undefined, [step, ...rest]: Path, value: Json): Json {
  if (step === undefined) {
    return value;
  }
  const place = root ?? (typeof step === 'string' ? new Map<string, Json>() : []);
  if (place instanceof Map && typeof step === 'string') {
    place.set(step, put(place.get(step), rest, value));
  } else if (Array.isArray(place) && typeof step === 'number') {
    place[step] = put(place[step], rest, value);
  }
  return place;
}

/** A number of so few digits is a quantity or a price as well. */
const COMMON = /^\d{1,5}$/;
const PERSON = String.raw`(?:customer|client|buyer|user|account|member)\w*"?\s*[:=]\s*(?:\{\s*"id"\s*:\s*)?"?`;

/** An id where it is no part of a longer word or number; one that is a common number only behind the word for a person. */
function wordOf(id: string): RegExp {
  const escaped = id.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
  const after = String.raw`${escaped}(?![\p{L}\p{N}_-]|\.\d)`;
  return COMMON.test(id)
    ? new RegExp(PERSON + after, 'iu')
    : new RegExp(String.raw`(?<![\p{L}\p{N}_-]|\d\.)${after}`, 'u');
}

/** A whole number as Avro writes the length of a text, zigzagged already. */
function varint(number: number): Buffer {
  const bytes: number[] = [];
  for (let rest = number; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) {
      bytes.push(rest);
      return Buffer.from(bytes);
    }
    bytes.push((rest % 128) + 128);
  }
}
