import { PassThrough, Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openStdinReader } from '../../../src/log/files/stream-reader.ts';
import { bronzeOf, ingestAll, rowsOf, testContext } from '../../support/ingest.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

let database: TestDatabase;

beforeEach(async () => {
  database = await createTestDatabase();
});

afterEach(() => database.drop());

const bronze = () => bronzeOf(database.settings);

function read(
  stream: Readable,
  options: Parameters<typeof ingestAll>[2] = {},
  context = testContext(),
) {
  return ingestAll(openStdinReader(stream), database.settings, options, context);
}

/** A stream of these chunks. */
function stream(...chunks: (string | Buffer)[]): Readable {
  return Readable.from(chunks.map((chunk) => Buffer.from(chunk)));
}

describe('standard input', () => {
  test('is new every time: offsets go on', async () => {
    expect(await read(stream('a\n\n', 'b'))).toMatchObject({ events: 2, end: 'end' });
    expect(await read(stream('a\nc\n'))).toMatchObject({ events: 2 });
    expect(await bronze()).toEqual(['0 0 a', '0 2 b', '0 3 a', '0 4 c']);
    expect(await rowsOf(database.settings, 'select distinct topic from bronze.events')).toEqual([
      '(stdin)',
    ]);
  });

  test('may be empty, or end within the bytes that tell gzip from text', async () => {
    expect(await read(stream())).toMatchObject({ events: 0, end: 'end' });
    expect(await read(stream('a'))).toMatchObject({ events: 1 });
    expect(await bronze()).toEqual(['0 0 a']);
  });

  test('may be zipped, however it is cut', async () => {
    const zipped = Buffer.concat([gzipSync('a\nb\n'), gzipSync('c')]);
    const bytes = Array.from(zipped, (_, index) => zipped.subarray(index, index + 1));
    expect(await read(stream(...bytes))).toMatchObject({ events: 3 });
    expect(await bronze()).toEqual(['0 0 a', '0 1 b', '0 2 c']);
  });

  test.each<[string, (string | Buffer)[]]>([
    ['one JSON array', ['[', '{"a":1}]']],
    ['one JSON array', [gzipSync('[\n{"a":1},\n{"a":2}]')]],
    ['UTF-16 text', [Buffer.from('\ufeff{"a":1}\n', 'utf16le')]],
    ['CSV', ['id,at,', 'total\n1,2,3', '\n4,5,6\n']],
  ])('that is %s is an input error, and nothing is written', async (name, chunks) => {
    await expect(read(stream(...chunks))).rejects.toMatchObject({
      code: 'input',
      message: `standard input is ${name}, not lines of events: none of it was read`,
    });
    expect(await bronze()).toEqual([]);
  });

  test('takes an odd first line when it is followed by an event, or breaks off', async () => {
    await read(stream('{\n', '{"a":1}\n'));
    const source = new PassThrough();
    source.write('{\n');
    expect(await read(source, { follow: true, idleTimeoutMs: 300 })).toMatchObject({
      events: 1,
      end: 'idle',
    });
    expect(await bronze()).toEqual(['0 0 {', '0 1 {"a":1}', '0 2 {']);
  });

  test('zipped and cut off, lands its whole lines and says so', async () => {
    const zipped = gzipSync(Array.from({ length: 9000 }, (_, n) => `${Math.sin(n)}\n`).join(''));
    await expect(read(stream(zipped.subarray(0, -500)))).rejects.toMatchObject({
      code: 'input',
      message: expect.stringContaining('standard input is incomplete'),
    });
    expect((await bronze()).length).toBeGreaterThan(1000);
  });

  test('that trickles lands at once, and when it is interrupted what came before stays', async () => {
    const input = new PassThrough();
    const stop = new AbortController();
    const reading = read(input, {}, testContext(stop.signal));
    input.write('a\n');
    await expect.poll(bronze).toEqual(['0 0 a']);
    input.write('b\nhalf');
    await expect.poll(bronze).toEqual(['0 0 a', '0 1 b']);
    stop.abort();
    expect(await reading).toMatchObject({ events: 2, end: 'interrupted' });
    expect(input.destroyed).toBe(true);
  });

  test('followed, ends when nothing has come for so long', async () => {
    const input = new PassThrough();
    const reading = read(input, { follow: true, idleTimeoutMs: 400 });
    input.write('a\n');
    await delay(250);
    input.write('b\n');
    expect(await reading).toMatchObject({ events: 2, end: 'idle' });
  });

  test('stops after --max-messages', async () => {
    expect(await read(stream('a\n', 'b\nc\n', 'd\n'), { maxRecords: 2 })).toMatchObject({
      events: 2,
      end: 'max-records',
    });
    expect(await bronze()).toEqual(['0 0 a', '0 1 b']);
  });

  test('read by two ingests at once, lands every line of both', async () => {
    const lines = (name: string) => Array.from({ length: 200 }, (_, n) => `${name}${n}`);
    const chunks = (name: string) => stream(...lines(name).map((line) => `${line}\n`));
    const results = await Promise.all([read(chunks('a')), read(chunks('b'))]);
    expect(results.map(({ events }) => events)).toEqual([200, 200]);
    const values = await rowsOf(
      database.settings,
      'select value from bronze.events order by "offset"',
    );
    expect([...values].sort()).toEqual([...lines('a'), ...lines('b')].sort());
    expect(values.filter((value) => value.startsWith('a'))).toEqual(lines('a'));
  });
});
