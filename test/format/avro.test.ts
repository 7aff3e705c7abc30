import avsc from 'avsc';
import { describe, expect, test } from 'vitest';
import { compileAvro } from '../../src/format/avro.ts';
import { Undecodable } from '../../src/format/undecodable.ts';

/** Bytes as another implementation of Avro writes them, which takes decimals and long numbers as bytes. */
function encode(schema: object, value: unknown): Buffer {
  const long = avsc.types.LongType.__with({
    fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
    toBuffer: (number: bigint | number) => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigInt64LE(BigInt(number));
      return bytes;
    },
    fromJSON: BigInt,
    toJSON: String,
    isValid: (number: unknown) => typeof number === 'bigint' || typeof number === 'number',
    compare: () => 0,
  });
  const options = { registry: { long }, wrapUnions: true as const };
  return avsc.Type.forSchema(schema as avsc.Schema, options).toBuffer(value);
}

function decode(schema: object, bytes: Buffer, maxBytes = 1 << 20): string {
  return compileAvro([JSON.stringify(schema)], maxBytes)(bytes, 0);
}

const textOf = (schema: object, value: unknown): string => decode(schema, encode(schema, value));

function faultOf(schema: object, bytes: Buffer, maxBytes?: number): string {
  try {
    decode(schema, bytes, maxBytes);
  } catch (error) {
    if (error instanceof Undecodable) {
      return error.detail;
    }
    throw error;
  }
  return 'decoded';
}

const record = (fields: Record<string, unknown>): object => ({
  type: 'record',
  name: 'R',
  fields: Object.entries(fields).map(([name, type]) => ({ name, type })),
});

describe('Avro as JSON text', () => {
  test('numbers, text, lists, maps, enums and unions', () => {
    const schema = record({
      n: 'int',
      on: 'boolean',
      none: ['null', 'string'],
      text: ['null', 'string'],
      list: { type: 'array', items: 'long' },
      map: { type: 'map', values: 'string' },
      kind: { type: 'enum', name: 'Kind', symbols: ['new', 'returning'] },
      price: 'double',
      share: 'float',
      raw: 'bytes',
    });
    const value = {
      ...{ n: -7, on: true, none: null, text: { string: 'Zoë "\n\u0000' }, list: [1, -2, 300] },
      ...{ map: { a: 'x' }, kind: 'returning', price: 0.1, share: Math.fround(0.1) },
      raw: Buffer.from([0, 255]),
    };
    expect(textOf(schema, value)).toBe(
      '{"n":-7,"on":true,"none":null,"text":"Zoë \\"\\n\\u0000","list":[1,-2,300],' +
        '"map":{"a":"x"},"kind":"returning","price":0.1,"share":0.1,"raw":"AP8="}',
    );
  });

  test.each([
    0n,
    -1n,
    63n,
    -64n,
    2n ** 31n,
    2n ** 48n,
    -(2n ** 49n),
    2n ** 53n + 1n,
    -(2n ** 53n) - 1n,
    2n ** 63n - 1n,
    -(2n ** 63n),
  ])('a long keeps every digit: %s', (long) => {
    const schema = { type: 'array', items: 'long' };
    expect(textOf(schema, [long])).toBe(`[${String(long)}]`);
  });

  test.each([
    ['742.28', 2, [0x01, 0x21, 0xf4]],
    ['-0.01', 2, [0xff]],
    ['0.00', 2, [0x00]],
    ['-1.28', 2, [0x80]],
    ['12', 0, [0x0c]],
    // 2^64 + 1 and its opposite.
    ['1844674407370955.1617', 4, [1, 0, 0, 0, 0, 0, 0, 0, 1]],
    ['-1844674407370955.1617', 4, [0xfe, 255, 255, 255, 255, 255, 255, 255, 255]],
  ])('a decimal is exact: %s', (text, scale, bytes) => {
    const schema = { type: 'bytes', logicalType: 'decimal', precision: 30, scale };
    expect(decode(schema, Buffer.from([bytes.length * 2, ...bytes]))).toBe(text);
    const fixed = { ...schema, type: 'fixed', name: 'D', size: bytes.length };
    expect(decode(fixed, Buffer.from(bytes))).toBe(text);
  });

  test.each([
    ['date', 20_456, '"2026-01-03"'],
    ['date', -1, '"1969-12-31"'],
    ['time-millis', 79_963_004, '"22:12:43.004"'],
    ['time-micros', 79_963_000_005, '"22:12:43.000005"'],
    ['timestamp-millis', 1_767_478_363_004, '"2026-01-03T22:12:43.004Z"'],
    ['timestamp-micros', 1_767_478_363_000_005, '"2026-01-03T22:12:43.000005Z"'],
    ['timestamp-micros', -1, '"1969-12-31T23:59:59.999999Z"'],
    ['timestamp-nanos', 1_767_478_363_000_000_006n, '"2026-01-03T22:12:43.000000006Z"'],
    ['local-timestamp-millis', 1_767_478_363_000, '"2026-01-03T22:12:43.000"'],
    ['timestamp-millis', 9_000_000_000_000_000n, '9000000000000000'],
    ['timestamp-micros', 2n ** 63n - 1n, '9223372036854775807'],
  ])('a %s is ISO 8601: %s', (logicalType, value, text) => {
    const type = logicalType === 'date' || logicalType === 'time-millis' ? 'int' : 'long';
    // The other side need not know the logical type.
    const bytes = encode({ type: 'array', items: type }, [value]);
    expect(decode({ type: 'array', items: { type, logicalType } }, bytes)).toBe(`[${text}]`);
  });

  test("Debezium's own times, and a UUID of 16 bytes", () => {
    const micros = { type: 'long', 'connect.name': 'io.debezium.time.MicroTimestamp' };
    expect(textOf(record({ at: micros }), { at: 1_767_478_363_000_005 })).toBe(
      '{"at":"2026-01-03T22:12:43.000005"}',
    );
    const uuid = { type: 'fixed', name: 'U', size: 16, logicalType: 'uuid' };
    expect(decode(uuid, Buffer.from('00112233445566778899aabbccddeeff', 'hex'))).toBe(
      '"00112233-4455-6677-8899-aabbccddeeff"',
    );
  });

  test('names: of a namespace, of a schema that is referred to, and of a record that holds itself', () => {
    const money = {
      type: 'record',
      name: 'Money',
      namespace: 'shop',
      fields: [{ name: 'n', type: 'int' }],
    };
    const order = {
      ...{ type: 'record', name: 'shop.Order' },
      fields: [
        { name: 'total', type: 'Money' },
        { name: 'tax', type: ['null', 'shop.Money'] },
        { name: 'before', type: ['null', 'Order'] },
      ],
    };
    const read = compileAvro([JSON.stringify(money), JSON.stringify(order)], 1 << 20);
    // total 1; tax 2; before: total 3, no tax, none before.
    expect(read(Buffer.from([2, 2, 4, 2, 6, 0, 0]), 0)).toBe(
      '{"total":{"n":1},"tax":{"n":2},"before":{"total":{"n":3},"tax":null,"before":null}}',
    );
  });

  test('a union of two records is the value of either', () => {
    const made = { type: 'record', name: 'Made', fields: [{ name: 'id', type: 'string' }] };
    const paid = { type: 'record', name: 'Paid', fields: [{ name: 'id', type: 'string' }] };
    expect(textOf([made, paid], { Paid: { id: 'x' } })).toBe('{"id":"x"}');
  });
});

describe('what cannot be decoded says where', () => {
  const schema = record({
    id: 'string',
    items: { type: 'array', items: { ...record({ price: 'string' }), name: 'I' } },
  });
  const whole = encode(schema, { id: 'txn_1', items: [{ price: '1.00' }, { price: '2.00' }] });

  test('cut anywhere, it never passes', () => {
    for (let length = 0; length < whole.length; length += 1) {
      expect(faultOf(schema, whole.subarray(0, length))).toMatch(/the value ends too early$/);
    }
    expect(faultOf(schema, whole.subarray(0, whole.length - 2))).toBe(
      'items[1].price: the value ends too early',
    );
    expect(faultOf(schema, Buffer.concat([whole, Buffer.from([0])]))).toBe('1 bytes are left over');
  });

  test('bytes that are no UTF-8, no such branch, a length below zero, a number too long', () => {
    expect(faultOf(record({ a: 'string' }), Buffer.from([2, 0xff]))).toBe(
      'a: bytes that are not UTF-8',
    );
    expect(textOf(record({ a: 'string' }), { a: '\ufffd' })).toBe('{"a":"\ufffd"}');
    expect(faultOf(record({ a: ['null', 'int'] }), Buffer.from([4]))).toBe(
      'a: branch 2 of a union of 2',
    );
    expect(faultOf(record({ a: 'bytes' }), Buffer.from([1]))).toBe('a: a length of -1');
    expect(faultOf(record({ a: 'long' }), Buffer.alloc(10, 0xff))).toBe(
      'a: a number of more than 64 bits',
    );
  });

  test('a few bytes do not become a text without end, nor a depth', () => {
    const nulls = { type: 'array', items: 'null' };
    expect(faultOf(nulls, Buffer.from([0xfe, 0xff, 0xff, 0xff, 0xff, 0x7f, 0]), 1000)).toBe(
      'more than 1000 bytes of JSON',
    );
    const list = { type: 'record', name: 'L', fields: [{ name: 'next', type: ['null', 'L'] }] };
    expect(faultOf(list, Buffer.alloc(1_000_000, 2))).toMatch(/nested too deeply|too early/);
  });

  test('a number of a megabyte is none', () => {
    const amount = { type: 'bytes', logicalType: 'decimal', precision: 18, scale: 2 };
    const bytes = Buffer.concat([Buffer.from([0x82, 0x10]), Buffer.alloc(1025, 1)]);
    expect(faultOf(amount, bytes)).toBe('a decimal of 1025 bytes');
  });

  test("a map's key is shown so that nothing is upset by it", () => {
    const map = record({ prices: { type: 'map', values: 'string' } });
    // One entry, its key of two bytes, its text cut.
    expect(faultOf(map, Buffer.from([2, 4, 0x00, 0x0a, 8]))).toBe(
      'prices.\\u{0}\\u{a}: the value ends too early',
    );
    const long = Buffer.concat([
      Buffer.from([2, 0xc8, 0x01]),
      Buffer.alloc(100, 'k'),
      Buffer.from([8]),
    ]);
    expect(faultOf(map, long)).toBe(`prices.${'k'.repeat(53)}…: the value ends too early`);
  });

  test('a schema that is none', () => {
    const schemas = ['null', '5', '{}', '{"type":"record","name":"R","fields":[null]}'];
    schemas.push('{"type":"record","name":"R","fields":[{"type":"int"}]}');
    schemas.push(`${'['.repeat(100_000)}"int"${']'.repeat(100_000)}`);
    for (const schema of schemas) {
      expect(() => compileAvro([schema], 9), schema.slice(0, 60)).toThrow(Undecodable);
    }
    expect(() =>
      compileAvro(['{"type":"record","name":"R","fields":[{"name":"a","type":"Gone"}]}'], 9),
    ).toThrow('the schema has no type "Gone"');
    expect(() => compileAvro(['nonsense'], 9)).toThrow('the schema is not JSON');
  });
});
