import { describe, expect, test } from 'vitest';
import { parseJson } from '../../src/event/json.ts';
import { parsePath } from '../../src/source/path.ts';
import { readSource } from '../../src/source/read.ts';
import { isOfSource } from '../../src/source/where.ts';

const REST = `order:
  id: id
  version_at: at
  customer: { id: c }
  status: { value: placed }
  payment_method: { value: cash }
  currency: { value: EUR }
  subtotal: computed
  tax: { value: 0 }
  shipping: { value: 0 }
  discount: { value: 0 }
  total: computed
items: { from: lines, id: sku, category: { value: x }, unit_price: price, quantity: n }
`;

function read(where: string) {
  const problems: string[] = [];
  return {
    source: readSource(`version: 1\nwhere: ${where}\n${REST}`, 'sources/shop.yaml', problems),
    problems,
  };
}

function isOne(where: string, record: object): boolean {
  const { source, problems } = read(where);
  expect(problems).toEqual([]);
  return isOfSource(source ?? { where: [] }, parseJson(JSON.stringify(record)));
}

describe('where', () => {
  test.each([
    ['{ event: Order Completed }', { event: 'Order Completed' }, { event: 'order completed' }],
    ['{ test: [false] }', { test: false }, { test: true }],
    ['{ test: [false] }', { test: false }, {}],
    ["{ test: [false, ''] }", { test: null }, { test: true }],
    ['{ a.b: { not: [x, "1"] } }', { a: { b: 2 } }, { a: { b: 1 } }],
    ['{ a: { not: x } }', {}, { a: 'x' }],
    ["{ no: { not_like: 'C*' } }", { no: '536365' }, { no: 'C536379' }],
    ["{ no: { like: ['*.de', 'a*c'] } }", { no: 'abbc' }, { no: 'xde' }],
    ["{ a: { like: '*', not: '' } }", { a: 'line\nline' }, { a: '  ' }],
    ['{ a: { not: x }, b: [y] }', { a: '', b: 'y' }, { a: 'y', b: 'x' }],
    // An object is no text.
    ['{ a: { not: x } }', { a: {} }, { a: 'x' }],
  ])('%s', (where, of, other) => {
    expect([isOne(where, of), isOne(where, other)]).toEqual([true, false]);
  });

  test.each([
    ['x', 'where is a map from paths to the values to accept'],
    ['{}', 'where is a map from paths to the values to accept'],
    ['{ a: {} }', 'where a: a text or a list of texts'],
    ['{ a: [] }', 'where a: a text or a list of texts'],
    ['{ a: { nott: x } }', 'did you mean not?'],
    ["{ 'a[].b': x }", '"a[].b" is not a path'],
  ])('%s is refused, with its line', (where, problem) => {
    expect(read(where).problems).toContainEqual(
      expect.stringMatching(/^sources\/shop\.yaml:2: /) as string,
    );
    expect(read(where).problems.join()).toContain(problem);
  });

  test('paths are those of fields', () => {
    expect(read('{ "a.b[0]": x }').source?.where[0]?.path).toEqual(parsePath('a.b[0]'));
  });
});
