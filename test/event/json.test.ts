import { describe, expect, it } from 'vitest';
import { JsonNumber, parseJson, type Json } from '../../src/event/json.ts';

/** As plain JavaScript values, each number as its text in angle brackets. */
function plain(json: Json): unknown {
  if (json instanceof JsonNumber) {
    return `<${json.text}>`;
  }
  if (json instanceof Map) {
    return [...json].map(([key, value]) => [key, plain(value)]);
  }
  return Array.isArray(json) ? json.map(plain) : json;
}

it.each([
  ['null', null],
  [' true ', true],
  ['[false]', [false]],
  ['""', ''],
  ['{}', []],
  ['[[],[1],{}]', [[], ['<1>'], []]],
  [
    '{"a":{"b":[1,{"c":"d"}],"e":2},"f":null}',
    [
      [
        'a',
        [
          ['b', ['<1>', [['c', 'd']]]],
          ['e', '<2>'],
        ],
      ],
      ['f', null],
    ],
  ],
  ['\t{ "a" :\r\n [ 1 , 2 ] } ', [['a', ['<1>', '<2>']]]],
  [
    String.raw`["\"\\\/\b\f\n\r\t","\u00e9\ud83d\ude00","\\\\","é😀"]`,
    ['"\\/\b\f\n\r\t', 'é😀', '\\\\', 'é😀'],
  ],
  [String.raw`{"\u0061\"":"b"}`, [['a"', 'b']]],
])('reads %s', (text, value) => {
  expect(plain(parseJson(text))).toEqual(value);
});

it('keeps the text of numbers', () => {
  expect(
    plain(parseJson('[0.00499999999999999999,-0,1e999999999,1E+2,123456789012345678901]')),
  ).toEqual([
    '<0.00499999999999999999>',
    '<-0>',
    '<1e999999999>',
    '<1E+2>',
    '<123456789012345678901>',
  ]);
});

it.each([
  ['{"a":1,"a":2}', [['a', '<1>']]],
  ['{"a":null,"a":2}', [['a', null]]],
  [
    '{"a":{"x":1},"b":0,"a":{"y":2}}',
    [
      ['a', [['x', '<1>']]],
      ['b', '<0>'],
    ],
  ],
  [
    String.raw`{"a":1,"\u0061":{"z":[]},"b":2}`,
    [
      ['a', '<1>'],
      ['b', '<2>'],
    ],
  ],
])('takes the first of duplicate keys in %s', (text, value) => {
  expect(plain(parseJson(text))).toEqual(value);
});

it('takes __proto__ for a key like any other', () => {
  const object = parseJson('{"__proto__":{"polluted":true},"constructor":1}');
  expect(plain(object)).toEqual([
    ['__proto__', [['polluted', true]]],
    ['constructor', '<1>'],
  ]);
  expect({}).not.toHaveProperty('polluted');
});

describe('what RFC 8259 does not allow', () => {
  it.each([
    '',
    ' ',
    '{',
    '[1,]',
    '{"a":1,}',
    '[,1]',
    '{"a" 1}',
    '{a:1}',
    "{'a':1}",
    '[1 2]',
    '1 2',
    '{} x',
    '\ufeff{}',
    '{}\0',
    '\u00a0{}',
    '[NaN]',
    '[Infinity]',
    '[-]',
    '[01]',
    '[+1]',
    '[.5]',
    '[1.]',
    '[1e]',
    '[0x1]',
    '[True]',
    '/* c */{}',
    '{} // c',
    '["a\tb"]',
    '["a\nb"]',
    '["a\0b"]',
    String.raw`["\x41"]`,
    String.raw`["\u12g4"]`,
    '["abc',
    '["abc\\"]',
  ])('%j', (text) => {
    expect(() => parseJson(text)).toThrow(SyntaxError);
  });
});

it('reads any depth', () => {
  const depth = 200_000;
  expect(parseJson('['.repeat(depth) + ']'.repeat(depth))).toHaveLength(1);
  expect(() => parseJson('{"a":'.repeat(depth))).toThrow(SyntaxError);
});
