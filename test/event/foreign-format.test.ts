import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { formatOf, HEAD_BYTES } from '../../src/event/foreign-format.ts';
import { event } from '../support/wire-event.ts';

const EVENT = JSON.stringify(JSON.parse(event()));
const ARRAY = `[${EVENT},${EVENT}]`;
const lines = (...texts: readonly string[]) => texts.map((text) => `${text}\n`).join('');
const utf16 = (text: string) => Buffer.from(text, 'utf16le');

function nameOf(text: string | Buffer, isWhole = true): string | undefined {
  const format = formatOf(Buffer.from(text).subarray(0, HEAD_BYTES), isWhole);
  return typeof format === 'object' ? format.name : format;
}

describe('what is certain to be no NDJSON', () => {
  test.each<[string, string | Buffer, RegExp]>([
    ['UTF-16 text', Buffer.concat([Buffer.from([0xff, 0xfe]), utf16(lines(EVENT))]), /utf-16 -t/],
    [
      'UTF-16 text',
      Buffer.concat([Buffer.from([0xff, 0xfe]), utf16(lines(EVENT))]).swap16(),
      /utf-16 -t/,
    ],
    ['UTF-16 text', utf16(lines(EVENT)), /utf-16le/],
    ['UTF-16 text', utf16(lines(EVENT)).swap16(), /utf-16be/],
    ['UTF-32 text', Buffer.from([0xff, 0xfe, 0, 0, 0x7b, 0, 0, 0]), /utf-32/],
    ['a ZIP archive', 'PK\u0003\u0004\u0014 orders.ndjson', /unzip -p FILE \| medallion ingest/],
    ['an Office document', 'PK\u0003\u0004\u0014 [Content_Types].xml', /NDJSON/],
    ['gzip inside gzip', gzipSync('x'), /zcat/],
    ['a Parquet file', 'PAR1\u0015\u0004', /duckdb/],
    ['an Avro file', 'Obj\u0001\u0004', /avro-tools/],
    ['a tar archive', `${'orders.ndjson'.padEnd(257, '\0')}ustar\u0000${EVENT}`, /tar -xOf/],
    ['one JSON array', ARRAY, /jq -c '\.\[\]'/],
    ['one JSON array', `\ufeff \n ${ARRAY}\n`, /jq -c '\.\[\]'/],
    ['one JSON array', '[]', /jq/],
    ['one JSON array', lines('[', `${EVENT},`, `${EVENT},`, EVENT, ']'), /jq/],
    ['one JSON array', lines(`[${EVENT},`, `${EVENT},`, `${EVENT}]`), /jq/],
    ['one JSON array', JSON.stringify(JSON.parse(ARRAY), null, 2), /jq/],
    ['one JSON array', `[${`${EVENT},`.repeat(1000)}`, /jq/],
    ['JSON over several lines (pretty-printed)', JSON.stringify(JSON.parse(EVENT), null, 2), /jq/],
    [
      'JSON over several lines (pretty-printed)',
      lines('{ "data":', '{ "transaction_details": {'),
      /jq -c \. FILE/,
    ],
    ['CSV', lines('id,at,total', '1,2026-01-01,5.00', '2,2026-01-01,5.00'), /--source NAME/],
    ['CSV', lines('"id";"at";"total"', '1;2026-01-01;"5;00"'), /--source NAME/],
    ['CSV', lines(...Array<string>(9).fill('1\t2026-01-01\t5.00'), EVENT), /--source NAME/],
    ['XML or HTML', lines('<?xml version="1.0"?>', '<orders>'), /NDJSON/],
    ['XML or HTML', '<!doctype html><title>404</title>', /NDJSON/],
  ])('%s %#', (name, text, advice) => {
    expect(nameOf(text)).toBe(name);
    expect(formatOf(Buffer.from(text).subarray(0, HEAD_BYTES), true)).toMatchObject({
      advice: expect.stringMatching(advice),
    });
  });
});

describe('what is let through', () => {
  test.each<[string, string | Buffer]>([
    ['events', lines(EVENT, EVENT)],
    ['one event without a newline', EVENT],
    ['events after a byte order mark', `\ufeff${lines(EVENT)}`],
    ['an event longer than what is looked at', `{"data": "${'x'.repeat(HEAD_BYTES)}"}`],
    ['nothing', ''],
    ['blank lines', '\n \n'],
    ['text', lines('not json', 'neither')],
    ['one line that is cut', '{"data": {"transaction_det'],
    ['an event that names ustar', lines(`{"data": "${' '.repeat(247)}ustar"}`)],
  ])('%s', (_, text) => {
    expect(nameOf(text)).toBe('events');
  });

  test.each([
    '[]',
    '[1, 2, 3]',
    ARRAY,
    '[{"cut',
    '{',
    '{"data": {',
    '{"cut',
    '"text"',
    '42',
    'null',
    'id,at,total',
    '1;2;3;4',
    '<html>',
    'PK',
    '\0\0\0',
  ])('one odd line before events: %s', (odd) => {
    expect(nameOf(lines(odd, EVENT, EVENT))).toBe('events');
  });

  test('CSV lines, as long as there are fewer than five before events', () => {
    expect(nameOf(lines('a,b,c', '1,2,3', '1,2,3', EVENT))).toBe('events');
  });
});

describe('of a text that goes on', () => {
  test('an event is one at once, also by its first half', () => {
    expect(nameOf(lines(EVENT), false)).toBe('events');
    expect(nameOf(EVENT.slice(0, 9), false)).toBeUndefined();
    expect(nameOf('hello\n', false)).toBe('events');
  });

  test.each(['', 'P', '[', '[1]\n', '{\n', 'a,b,c\n', '<html>\n'])(
    '%j does not tell yet',
    (text) => {
      expect(nameOf(text, false)).toBeUndefined();
    },
  );
});
