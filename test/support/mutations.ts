/** A seeded source of choices: the same seed makes the same mutations, wherever it runs. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** A whole number from 0 to `sides` - 1 (mulberry32). */
  roll(sides: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % sides;
  }

  pick<T>(from: readonly T[]): T {
    const picked = from[this.roll(from.length)];
    if (picked === undefined) {
      throw new RangeError('nothing to pick from');
    }
    return picked;
  }
}

/** Values that stand where another type, or a smaller one, belongs. */
const SCRAPS = [
  ...['null', 'true', '{}', '[]', '[[]]', '""', '" "', '"x"', '0', '-0', '-1', '4.0', '4.5', '1e2'],
  ...['1e400', '-1e-400', '9'.repeat(400), `0.${'3'.repeat(300)}`, '999999999999.995', '1e12'],
  ...['01', '+1', '1.', '.5', '0x10', 'NaN', 'Infinity', '-', "'1'", 'undefined', '1,5', '12abc'],
  ...['"12.345"', '" 7 "', '"1e3"', '"NaN"', '"-0"', '"1_000"', '"١٢"'],
  ...['"2026-02-30T00:00:00"', '"2024-02-29 23:59:59.999999+14:00"', '"1899-12-31"', '"now"'],
  ...['"\\u0000"', '"\\ud800"', '"\\ud83d\\ude00"', '"\\u202e\\u0007"', '"e\u0301"', '"\ufeff"'],
  ...['"😀"', `"${'x'.repeat(201)}"`, `"${'é'.repeat(200)}"`, '"\\q"', '"\t"', '"\\ud800\\u0041"'],
  ...[`"'); drop table bronze.events; --"`, '"$$"', '"\\\\"', '"\\"', '"\u0085"', '"\u2028"'],
];
const NAMES = ['transaction_id', 'event_timestamp', 'id', 'items', 'customer', 'order', 'quantity'];
const VALUE = /:\s*("(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null)/g;

type Mutation = (event: Buffer, dice: Dice, others: readonly Buffer[]) => Buffer;

function cut(event: Buffer, dice: Dice): [from: number, to: number] {
  const from = dice.roll(event.length);
  return [from, Math.min(event.length, from + 1 + dice.roll(40))];
}

/** Puts `text` in place of one JSON value. */
function inPlace(event: Buffer, dice: Dice, text: string): Buffer {
  const source = event.toString('utf8');
  const values = [...source.matchAll(VALUE)];
  if (values.length === 0) {
    return Buffer.from(text);
  }
  const { index, 0: whole, 1: value = '' } = dice.pick(values);
  const at = index + whole.length - value.length;
  return Buffer.from(source.slice(0, at) + text + source.slice(at + value.length));
}

/** Puts `text` after the brace of some object. */
function inside(event: Buffer, dice: Dice, text: string): Buffer {
  const source = event.toString('utf8');
  const braces = [...source.matchAll(/\{/g)].map(({ index }) => index + 1);
  const at = braces.length === 0 ? 0 : dice.pick(braces);
  return Buffer.from(source.slice(0, at) + text + source.slice(at));
}

const MUTATIONS: Readonly<Record<string, Mutation>> = {
  'a bit flipped': (event, dice) => {
    const copy = Buffer.from(event);
    const at = dice.roll(copy.length);
    copy[at] = (copy[at] ?? 0) ^ (1 << dice.roll(8));
    return copy;
  },
  'cut off': (event, dice) => event.subarray(0, dice.roll(event.length)),
  'a piece missing': (event, dice) => {
    const [from, to] = cut(event, dice);
    return Buffer.concat([event.subarray(0, from), event.subarray(to)]);
  },
  'a piece twice': (event, dice) => {
    const [from, to] = cut(event, dice);
    return Buffer.concat([event.subarray(0, to), event.subarray(from)]);
  },
  'a value of another kind': (event, dice) => inPlace(event, dice, dice.pick(SCRAPS)),
  'a key twice': (event, dice) =>
    inside(event, dice, `"${dice.pick(NAMES)}":${dice.pick(SCRAPS)},`),
  'an unknown key': (event, dice) =>
    inside(event, dice, `"${dice.pick(['', 'x', '__proto__', '\\u0000'])}":${dice.pick(SCRAPS)},`),
  'a key of another name': (event, dice) =>
    Buffer.from(event.toString('utf8').replace(`"${dice.pick(NAMES)}"`, `"${dice.pick(NAMES)}"`)),
  'deep nesting': (event, dice) => {
    const depth = 1 + dice.roll(dice.roll(20) === 0 ? 5000 : 50);
    const [open, close] = dice.pick([
      ['[', ']'],
      ['{"a":', '}'],
      ['[', ''],
    ] as const);
    return inside(event, dice, `"deep":${open.repeat(depth)}1${close.repeat(depth)},`);
  },
  'white space': (event, dice) =>
    Buffer.from(
      event
        .toString('utf8')
        .replaceAll(/[:,]/g, (mark) => mark + dice.pick(['', ' ', '\t', '\r', '\u00a0'])),
    ),
  'another encoding': (event, dice) => {
    const text = event.toString('utf8');
    return dice.pick([
      () => Buffer.from(text.replace('Berlin', 'K\u00f6ln'), 'latin1'),
      () => Buffer.from(text, 'utf16le'),
      () => Buffer.from(`\ufeff${text}`),
      () => Buffer.concat([event, Buffer.from([0xc0, 0x80])]),
      () => Buffer.concat([event, Buffer.from([0xed, 0xa0, 0x80])]),
      () => Buffer.concat([event, Buffer.from([0])]),
    ])();
  },
  'two in one': (event, dice, others) => Buffer.concat([event, dice.pick(others)]),
  nothing: (event) => event,
};

/**
 * An event with one to three mutations. It has no line feed, which would make it two.
 * @returns the event, and the names of what befell it
 */
export function mutate(
  dice: Dice,
  originals: readonly Buffer[],
): { event: Buffer; mutations: string[] } {
  let event = dice.pick(originals);
  const mutations: string[] = [];
  for (let left = 1 + dice.roll(3); left > 0; left -= 1) {
    const name = dice.pick(Object.keys(MUTATIONS));
    event = event.length === 0 ? event : (MUTATIONS[name]?.(event, dice, originals) ?? event);
    mutations.push(name);
  }
  const line = Buffer.from(event);
  for (let at = line.indexOf(0x0a); at >= 0; at = line.indexOf(0x0a, at)) {
    line[at] = 0x20;
  }
  return { event: line, mutations };
}
