import avsc from 'avsc';
import { expect, test } from 'vitest';
import { parseJson, JsonNumber, type Json } from '../../src/event/json.ts';
import { compileAvro } from '../../src/format/avro.ts';
import { frameHeader } from '../../src/format/frames.ts';
import { AVRO_SCHEMA, AvroWire } from '../../src/generate/avro.ts';
import { eventsOf, EVERY_FAULT } from './shop-stream.ts';

const COUNT = 500;
const FAULTS = { ...EVERY_FAULT, malformed: 0 };
const header = frameHeader(7);
const inAvro = eventsOf(COUNT, FAULTS, 7, undefined, (shop) => new AvroWire(shop, header));
const inJson = eventsOf(COUNT, FAULTS, 7);

/** Values as plain data: amounts in cents, times as milliseconds. */
function plain(value: Json, name = ''): unknown {
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, part]) => [key, plain(part, key)]));
  }
  if (Array.isArray(value)) {
    return value.map((part) => plain(part));
  }
  if (value instanceof JsonNumber) {
    const [whole = '', fraction] = value.text.split('.');
    return fraction === undefined ? whole : `${whole}.${fraction.padEnd(2, '0')}`;
  }
  return name === 'event_timestamp' ? Date.parse(`${String(value).replace(/Z$/, '')}Z`) : value;
}

test('an event in Avro says what it says in JSON, to the cent', () => {
  const read = compileAvro([AVRO_SCHEMA], 1 << 20);
  expect(inAvro).toHaveLength(COUNT);
  for (const [index, { kind, key, value }] of inAvro.entries()) {
    const other = inJson[index];
    expect({ kind, key }).toEqual({ kind: other?.kind, key: other?.key });
    expect(value.subarray(0, header.length)).toEqual(header);
    expect(plain(parseJson(read(value, header.length)))).toEqual(
      plain(parseJson(String(other?.value))),
    );
  }
});

test('another implementation reads it and writes the same bytes', () => {
  const type = avsc.Type.forSchema(JSON.parse(AVRO_SCHEMA) as avsc.Schema);
  for (const { value } of inAvro) {
    const body = value.subarray(header.length);
    expect(type.toBuffer(type.fromBuffer(body))).toEqual(body);
  }
});

test('an event that is sent again is the same bytes', () => {
  const seen = new Set<string>();
  for (const { kind, value } of inAvro) {
    expect(seen.has(value.toString('hex'))).toBe(kind === 'duplicate');
    seen.add(value.toString('hex'));
  }
});
