import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseJson } from '../../src/event/json.ts';
import { Random } from '../../src/generate/random.ts';
import { withoutFields } from '../../src/source/drop.ts';
import { parsePath } from '../../src/source/path.ts';
import { readSource } from '../../src/source/read.ts';

const paths = (texts: readonly string[]): string[][] =>
  texts.map((text) => parsePath(text) as string[]);
const without = (text: string, ...drop: string[]): string | undefined =>
  withoutFields(Buffer.from(text), paths(drop))?.toString();

test.each([
  ['{"a": 1, "b": 2, "c": 3}', ['a'], '{ "b": 2, "c": 3}'],
  ['{"a": 1, "b": 2, "c": 3}', ['b'], '{"a": 1, "c": 3}'],
  ['{"a": 1, "b": 2, "c": 3}', ['c'], '{"a": 1, "b": 2}'],
  ['{"a": 1, "b": 2, "c": 3}', ['a', 'b'], '{  "c": 3}'],
  ['{"a": 1, "b": 2, "c": 3}', ['b', 'c'], '{"a": 1}'],
  ['{"a": 1, "b": 2, "c": 3}', ['a', 'c'], '{ "b": 2}'],
  ['{"a": 1, "b": 2, "c": 3 }', ['a', 'b', 'c'], '{   }'],
  [' [1] ', ['a'], ' [1] '],
  ['"a"', ['a'], '"a"'],
  ['{"a": {"b": {"c": 1}, "d": [{"b": 1}]}}', ['a.b'], '{"a": { "d": [{"b": 1}]}}'],
  ['{"l": [{"x": 1, "y": 2}, 3, {"y": "]}"}, []]}', ['l[].y'], '{"l": [{"x": 1}, 3, {}, []]}'],
  ['{"l": [{"x": 1}, {"x": 2}]}', ['l[1].x'], '{"l": [{"x": 1}, {}]}'],
  ['{"l": [[{"x": 1}], [{"x": 2, "z": 1}]]}', ['l[][].x'], '{"l": [[{}], [{ "z": 1}]]}'],
])('%s without %j is %s', (text, drop, expected) => {
  expect(without(text, ...drop)).toBe(expected);
});

test('keeps every other byte: numbers, escapes, white space, members that are there twice', () => {
  const rest =
    '\n"id":\t820982911946154508123.10e+00 , "n\\u0061me": "\\ud83d\\ude00 \\" é", "id": -0';
  expect(without(`{"email": "a@b.c",${rest}}`, 'email')).toBe(`{${rest}}`);
  expect(without(`{${rest}}`, 'email')).toBe(`{${rest}}`);
});

test('drops a field as often as it is there, however its name and its value are written', () => {
  expect(without('{"e": 1, "\\u0065": {"a": ["}"]}, "f": 2, "e": "\\\\\\""}', 'e')).toBe(
    '{  "f": 2}',
  );
});

test.each([
  '',
  '{"a": 1',
  '{"a": 1,}',
  '\ufeff{"a": 1}',
  '{a: 1}',
  '{"a": 01}',
  '{"a": 1} {"a": 1}',
])('%j is no JSON, of which nothing can be dropped', (text) => {
  expect(without(text, 'a')).toBeUndefined();
});

test('goes as deep as the paths do, and over the rest however deep it is', () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  expect(without(`{"a": ${deep}, "b": ${deep}, "c": 1}`, 'b', 'a[].x')).toBe(
    `{"a": ${deep}, "c": 1}`,
  );
});

test('leaves what a reader without the fields would see, of any record', () => {
  const seed = Number(process.env['DROP_SEED'] ?? Date.now() % 1_000_000);
  const random = new Random(seed, 1);
  const NAMES = ['a', 'b', 'a.b', 'e\u0301', ''];
  const value = (depth: number): string => {
    const kind = random.below(depth > 3 ? 4 : 6);
    const many = (): number[] => Array.from({ length: random.below(4) }, (_, index) => index);
    const blank = ['', ' ', '\n\t'][random.below(3)] ?? '';
    switch (kind) {
      case 0:
        return ['0', '-1.50', '1e400', '12345678901234567890'][random.below(4)] ?? '';
      case 1:
        return ['"x"', '"\\"}"', '"\\u0061,"', '"[{"'][random.below(4)] ?? '';
      case 2:
        return ['null', 'true', 'false'][random.below(3)] ?? '';
      case 3:
        return ['{}', '[]', '{ }'][random.below(3)] ?? '';
      case 4:
        return `[${many()
          .map(() => blank + value(depth + 1))
          .join(`${blank},`)}${blank}]`;
      default:
        return `{${many()
          .map(
            () => `${blank}${JSON.stringify(NAMES[random.below(5)])}${blank}:${value(depth + 1)}`,
          )
          .join(`${blank},`)}${blank}}`;
    }
  };
  const DROP = ['a', 'b.a', 'b[].a', 'a[0].b', '"a.b".b', 'b[][].a'];
  for (let round = 0; round < 2000; round += 1) {
    const text = value(0);
    const drop = DROP.filter(() => random.below(2) === 0).map((path) => parsePath(path) ?? []);
    const left = withoutFields(Buffer.from(text), drop)?.toString() ?? 'no JSON';
    const expected = prune(parseJson(text), drop);
    expect({ seed, text, drop, left: parseJson(left) }).toEqual({
      seed,
      text,
      drop,
      left: expected,
    });
  }
});

/** The same by the parsed record. */
function prune(value: unknown, drop: readonly (readonly unknown[])[]): unknown {
  if (value instanceof Map) {
    return new Map(
      [...value].flatMap(([name, member]: [string, unknown]) => {
        const inside = drop.filter(([step]) => step === name).map(([, ...rest]) => rest);
        return inside.some((rest) => rest.length === 0) ? [] : [[name, prune(member, inside)]];
      }),
    );
  }
  return Array.isArray(value)
    ? value.map((element, index) =>
        prune(
          element,
          drop
            .filter(([step]) => typeof step === 'symbol' || step === index)
            .map(([, ...rest]) => rest),
        ),
      )
    : value;
}

const EXAMPLE = /```yaml\n([\s\S]*?)```/.exec(readFileSync('docs/sources.md', 'utf8'))?.[1] ?? '';
const problemsOf = (text: string): string => {
  const problems: string[] = [];
  readSource(text, 'sources/shop.yaml', problems);
  return problems.join('\n');
};

test.each([
  ['[]', 'drop is a list of paths'],
  ['{ a: b }', 'drop is a list of paths'],
  ['[a..b]', '"a..b" is not a path to a field'],
  ['["notes[]"]', '"notes[]" is not a path to a field'],
  ['[customer]', 'drop: customer.id reads customer.id, which would not be stored'],
  ['["line_items[].price"]', 'drop: items.unit_price reads line_items[].price'],
  [
    '["line_items[3].discount_allocations"]',
    'items.discount reads line_items[].discount_allocations',
  ],
])('drop: %s is refused', (drop, problem) => {
  expect(problemsOf(EXAMPLE.replace('order:', `drop: ${drop}\norder:`))).toContain(problem);
});

test('a column of CSV is dropped by its place in the rows', () => {
  const text = readFileSync('sources/online_retail.yaml', 'utf8');
  const dropping = (drop: string): string => problemsOf(`${text}\ndrop: ${drop}\n`);
  expect(dropping('[Country]')).toContain('drop: in CSV, write a column as rows[].Country');
  expect(dropping('["rows[].InvoiceNo"]')).toContain('reads rows[].InvoiceNo');
  expect(dropping('["rows[].Notes"]')).toBe('');
});
