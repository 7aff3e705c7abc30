import {
  appendFile,
  mkdir,
  mkdtemp,
  realpath,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openFileReader, openLandingReader } from '../../../src/log/files/reader.ts';
import { withClient } from '../../../src/postgres/client.ts';
import { bronzeOf, ingestAll, rowsOf, testContext } from '../../support/ingest.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

let database: TestDatabase;
let folder: string;
let file: string;

beforeEach(async () => {
  database = await createTestDatabase();
  folder = await realpath(await mkdtemp(path.join(tmpdir(), 'medallion-files-')));
  file = path.join(folder, 'sales.ndjson');
});

afterEach(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

async function read(
  paths: string | readonly string[] = file,
  options: Parameters<typeof ingestAll>[2] = {},
  context = testContext(),
) {
  const reader = await openFileReader(typeof paths === 'string' ? [paths] : paths);
  return ingestAll(reader, database.settings, options, context);
}

const bronze = () => bronzeOf(database.settings);

describe('a file', () => {
  test('lands line by line, the line number as offset; blank lines count and are no events', async () => {
    await writeFile(file, '{"a":1}\n\n{"a":2}\r\n \t\r\n{"a":3}\n');
    expect(await read()).toMatchObject({ events: 3, bytes: 22, end: 'end', quarantined: {} });
    expect(await bronze()).toEqual(['0 0 {"a":1}', '0 2 {"a":2}\r', '0 4 {"a":3}']);
    expect(
      await rowsOf(database.settings, 'select topic, next_offset, position from medallion.offsets'),
    ).toEqual([`file:${file}|5|30`]);
  });

  test('adds nothing when it is read again, and the new lines when it has grown', async () => {
    await writeFile(file, 'a\nb\n');
    await read();
    expect(await read()).toMatchObject({ events: 0, partitions: [] });
    await appendFile(file, 'c\n\nd\n');
    expect(await read()).toMatchObject({ events: 2 });
    expect(await bronze()).toEqual(['0 0 a', '0 1 b', '0 2 c', '0 4 d']);
  });

  test('is one file under all its names', async () => {
    await writeFile(file, 'a\n');
    const link = path.join(folder, 'link');
    await symlink(file, link);
    expect(await read([file, link, path.join(folder, '.', 'sales.ndjson')])).toMatchObject({
      events: 1,
    });
  });

  test('zipped, in several members, is the same as plain, and may grow by a member', async () => {
    await writeFile(file, Buffer.concat([gzipSync('a\nb'), gzipSync('c\n')]));
    expect(await read()).toMatchObject({ events: 2 });
    expect(await read()).toMatchObject({ events: 0 });
    await appendFile(file, gzipSync('d\n'));
    expect(await read()).toMatchObject({ events: 1 });
    expect(await bronze()).toEqual(['0 0 a', '0 1 bc', '0 2 d']);
  });

  test('zipped after it was read plain, goes on where it was', async () => {
    await writeFile(file, 'a\nb\n');
    await read();
    await writeFile(file, gzipSync('a\nb\nc\n'));
    expect(await read()).toMatchObject({ events: 1 });
  });

  test('cut off while zipped, lands its whole lines and says so; whole again, the rest', async () => {
    const lines = Array.from({ length: 20_000 }, (_, line) => `${line}-${Math.sin(line)}\n`);
    const zipped = gzipSync(lines.join(''));
    await writeFile(file, zipped.subarray(0, zipped.length - 1000));
    await expect(read()).rejects.toMatchObject({
      code: 'input',
      message: expect.stringContaining('is incomplete'),
    });
    const landed = (await bronze()).length;
    expect(landed).toBeGreaterThan(10_000);
    expect(landed).toBeLessThan(20_000);
    await writeFile(file, zipped);
    expect(await read()).toMatchObject({ events: 20_000 - landed });
    expect(await bronze()).toEqual(lines.map((line, offset) => `0 ${offset} ${line.trimEnd()}`));
  });

  test('damaged while zipped, is refused with its name', async () => {
    const zipped = gzipSync('a\n'.repeat(1000));
    zipped.fill(0xff, 12, 20);
    await writeFile(file, zipped);
    await expect(read()).rejects.toMatchObject({
      code: 'input',
      message: expect.stringContaining(`${file} is damaged`),
    });
  });

  test('with a byte order mark, begins after it', async () => {
    await writeFile(file, '\ufeff{"a":1}\nb\n');
    await read();
    await appendFile(file, 'c\n');
    await read();
    expect(await bronze()).toEqual(['0 0 {"a":1}', '0 1 b', '0 2 c']);
  });

  test('empty, or of blank lines, is no event', async () => {
    await writeFile(file, '');
    expect(await read()).toMatchObject({ events: 0 });
    await writeFile(file, '\n\n \n');
    expect(await read()).toMatchObject({ events: 0 });
    await appendFile(file, 'a\n');
    await read();
    expect(await bronze()).toEqual(['0 3 a']);
  });

  test('larger than a batch lands whole, in order, with every offset', async () => {
    const lines = Array.from({ length: 30_000 }, (_, line) => `${line} ${'x'.repeat(line % 1500)}`);
    await writeFile(file, `${lines.join('\n')}\n`);
    expect(await read()).toMatchObject({ events: 30_000 });
    expect(await bronze()).toEqual(lines.map((line, offset) => `0 ${offset} ${line}`));
  });

  test('with a line beyond the limit keeps its beginning in the quarantine, and goes on', async () => {
    await writeFile(file, `a\n${'é'.repeat(3_000_000)}\nb\n`);
    expect(await read(file, { maxEventBytes: 1000 })).toMatchObject({
      events: 2,
      quarantined: { too_large: 1 },
    });
    expect(await bronze()).toEqual(['0 0 a', '0 2 b']);
    expect(
      await rowsOf(
        database.settings,
        "select \"offset\", stage, reason, detail, length(raw), raw = convert_to(repeat('é', 500), 'UTF8') from bronze.quarantine",
      ),
    ).toEqual([
      '1|ingest|too_large|6000000 bytes, more than the limit of 1000; the first 1000 are kept|1000|t',
    ]);
  });

  test('stops after --max-messages events, and goes on there', async () => {
    await writeFile(file, 'a\n\nb\nc\nd\n');
    expect(await read(file, { maxRecords: 2 })).toMatchObject({ events: 2, end: 'max-records' });
    expect(await bronze()).toEqual(['0 0 a', '0 2 b']);
    expect(await read(file, { maxRecords: 5 })).toMatchObject({ events: 2, end: 'end' });
    expect(await bronze()).toEqual(['0 0 a', '0 2 b', '0 3 c', '0 4 d']);
  });
});

describe('a last line without its newline', () => {
  test('is an event, once: also when only the newline follows', async () => {
    await writeFile(file, 'a\nb');
    expect(await read()).toMatchObject({ events: 2 });
    expect(await read()).toMatchObject({ events: 0 });
    await appendFile(file, ' \r');
    expect(await read()).toMatchObject({ events: 0 });
    await appendFile(file, '\nc\n');
    expect(await read()).toMatchObject({ events: 1 });
    expect(await bronze()).toEqual(['0 0 a', '0 1 b', '0 2 c']);
  });

  test.each(['plain', 'zipped'])('%s, is taken again, whole, when it has grown', async (kind) => {
    const write = (text: string) => writeFile(file, kind === 'plain' ? text : gzipSync(text));
    await write('a\n{"hal');
    await read();
    await write('a\n{"half":1}\nc\n');
    const context = testContext();
    expect(await read(file, {}, context)).toMatchObject({ events: 2 });
    expect(context.warnings()).toEqual([`${file}: its last line was read before it was complete`]);
    expect(await bronze()).toEqual(['0 0 a', '0 1 {"hal', '0 2 {"half":1}', '0 3 c']);
    expect(await read()).toMatchObject({ events: 0 });
  });

  test('is taken again also where it is the only line', async () => {
    await writeFile(file, '{"hal');
    await read();
    await appendFile(file, 'f":1}');
    await read();
    expect(await bronze()).toEqual(['0 0 {"hal', '0 1 {"half":1}']);
  });

  test('waits while the file is followed', async () => {
    await writeFile(file, 'a\nb');
    expect(await read(file, { follow: true, idleTimeoutMs: 300 })).toMatchObject({
      events: 1,
      end: 'idle',
    });
    await appendFile(file, 'c');
    expect(await read()).toMatchObject({ events: 1 });
    expect(await bronze()).toEqual(['0 0 a', '0 1 bc']);
  });
});

describe('a file that was replaced', () => {
  const DAY = ['a', 'b', 'c'];
  const lines = (texts: readonly string[]) => texts.map((text) => `${text}\n`).join('');
  const WRITERS: readonly [string, (text: string) => Promise<void>][] = [
    ['plain', (text) => writeFile(file, text)],
    ['zipped', (text) => writeFile(file, gzipSync(text))],
  ];
  const REWRITTEN: readonly [string, readonly string[]][] = [
    ['whose first line differs', ['x', 'b', 'c']],
    ['with a line inserted in front', ['d', 'a', 'b', 'c']],
    ['with a line inserted behind the first', ['a', 'd', 'b', 'c']],
    ['with a line corrected to the same length', ['a', 'B', 'c']],
    ['with its last line corrected', ['a', 'b', 'cc']],
    ['with a line corrected, and more lines', ['a', 'B', 'c', 'd']],
    ['with a line left out', ['a', 'c']],
    ['that is shorter', ['a']],
  ];

  describe.each(WRITERS)('%s', (_, write) => {
    test.each(REWRITTEN)(
      '%s, is read again from its beginning, and says so',
      async (_kind, now) => {
        await write(lines(DAY));
        await read();
        await write(lines(now));
        const context = testContext();
        expect(await read(file, {}, context)).toMatchObject({ events: now.length, end: 'end' });
        expect(context.warnings()).toEqual([
          `${file} was replaced: it no longer begins with the 6 bytes that were read from it. ` +
            'It is read again from its beginning, as offsets from 3 on',
        ]);
        const all = [...DAY, ...now];
        expect(await bronze()).toEqual(all.map((text, offset) => `0 ${offset} ${text}`));
        expect(await read()).toMatchObject({ events: 0 });
        await write(lines([...now, 'more']));
        expect(await read()).toMatchObject({ events: 1 });
      },
    );

    test('written again as it was, or with more lines, is none', async () => {
      await write(lines(DAY));
      await read();
      await write(lines(DAY));
      expect(await read()).toMatchObject({ events: 0 });
      await write(lines([...DAY, 'd']));
      const context = testContext();
      expect(await read(file, {}, context)).toMatchObject({ events: 1 });
      expect(context.warnings()).toEqual([]);
    });
  });

  test('has its last line corrected also where that had no newline', async () => {
    await writeFile(file, 'a\nb');
    await read();
    await writeFile(file, 'a\nB2\n');
    const context = testContext();
    await read(file, {}, context);
    expect(context.warnings()).toEqual([expect.stringContaining('was replaced')]);
    expect(await bronze()).toEqual(['0 0 a', '0 1 b', '0 2 a', '0 3 B2']);
  });

  test('is known also where it was read in parts, and where it was only partly read', async () => {
    await writeFile(file, '\ufeffa\n\nb\nc\nd\n');
    await read(file, { maxRecords: 2 });
    await read(file, { maxRecords: 1 });
    expect(await bronze()).toEqual(['0 0 a', '0 2 b', '0 3 c']);
    // What differs behind the place is no difference.
    await writeFile(file, '\ufeffa\n\nb\nc\nD\n');
    await read();
    await writeFile(file, '\ufeffa\n\nb\nX\n');
    await read(file, { maxRecords: 1 });
    await read();
    expect(await bronze()).toEqual([
      ...['0 0 a', '0 2 b', '0 3 c', '0 4 D'],
      ...['0 5 a', '0 7 b', '0 8 X'],
    ]);
  });

  test('and stopped half way, goes on in the new text; replaced again, begins again', async () => {
    const text = (mark: string) =>
      Array.from({ length: 1000 }, (_, line) => `${line} ${line === 500 ? mark : ''}`);
    await writeFile(file, lines(text('one')));
    await read();
    await writeFile(file, lines(text('two')));
    await read(file, { maxRecords: 700 });
    expect(await read()).toMatchObject({ events: 300 });
    await writeFile(file, lines(text('six')));
    await read(file, { maxRecords: 700 });
    await writeFile(file, lines(text('ten')));
    expect(await read()).toMatchObject({ events: 1000 });
    const landed = [text('one'), text('two'), text('six').slice(0, 700), text('ten')].flat();
    expect(await bronze()).toEqual(landed.map((line, offset) => `0 ${offset} ${line}`));
  });

  test('and emptied, waits for its first line; the same lines again are not new', async () => {
    await writeFile(file, 'a\n');
    await read();
    await writeFile(file, '');
    const context = testContext();
    expect(await read(file, {}, context)).toMatchObject({ events: 0 });
    await writeFile(file, 'a\n');
    expect(await read(file, {}, context)).toMatchObject({ events: 0 });
    expect(context.warnings()).toEqual([]);
    await writeFile(file, 'b\n');
    await read();
    expect(await bronze()).toEqual(['0 0 a', '0 1 b']);
  });

  test('is known by its first line where an older version read it, and by all of it from the next time on', async () => {
    await writeFile(file, 'a\nb\nc\n');
    await read();
    await withClient(database.settings, (client) =>
      client.query('update medallion.offsets set digest = null'),
    );
    expect(await read()).toMatchObject({ events: 0 });
    await writeFile(file, 'a\nB\nc\n');
    expect(await read()).toMatchObject({ events: 3 });
  });

  test('is told by several readers at once, and read once', async () => {
    const text = (mark: string) =>
      Array.from({ length: 40_000 }, (_, line) => `${line} ${mark} ${'x'.repeat(500)}`);
    await writeFile(file, `first\n${lines(text('a'))}`);
    await read();
    await writeFile(file, `first\n${lines(text('b'))}`);
    await Promise.all([read(), read(), read()]);
    expect(await rowsOf(database.settings, 'select count(*) from bronze.events')).toEqual([
      String(2 * 40_001),
    ]);
  });
});

describe('what cannot be read', () => {
  test('a missing file or a folder is an input error, before anything lands', async () => {
    await writeFile(file, 'a\n');
    await expect(openFileReader([file, path.join(folder, 'none')])).rejects.toMatchObject({
      code: 'input',
      message: `cannot read ${path.join(folder, 'none')}: there is no such file`,
    });
    await expect(openFileReader([folder])).rejects.toMatchObject({
      code: 'input',
      message: expect.stringContaining('it is a folder'),
    });
  });
});

describe('a file that holds something else than lines of events', () => {
  const utf16 = Buffer.from('\ufeff{"a":1}\n', 'utf16le');

  test.each<[string, string | Buffer]>([
    ['UTF-16 text', utf16],
    ['a ZIP archive', 'PK\u0003\u0004'],
    ['one JSON array', '[{"a":1},\n{"a":2}]\n'],
    ['one JSON array', gzipSync('[{"a":1}]')],
    ['JSON over several lines (pretty-printed)', '{\n  "a": 1\n}\n'],
    ['CSV', 'id,at,total\n1,2,3\n'],
  ])(
    '%s, is an input error, before anything is written, also of its neighbours',
    async (name, text) => {
      const other = path.join(folder, 'other.ndjson');
      await writeFile(other, '{"a":1}\n');
      await writeFile(file, text);
      await expect(read([other, file])).rejects.toMatchObject({
        code: 'input',
        message: `${file} is ${name}, not lines of events: none of it was read`,
        hint: expect.stringMatching(/NDJSON|ingest --source/),
      });
      expect(await bronze()).toEqual([]);
      expect(await rowsOf(database.settings, 'select * from medallion.offsets')).toEqual([]);
    },
  );

  test('is one also in the place of a file that was read, and where more is to come', async () => {
    await writeFile(file, '{"a":1}\n');
    await read();
    await writeFile(file, utf16);
    const refused = { code: 'input', message: expect.stringContaining('UTF-16') };
    await expect(read()).rejects.toMatchObject(refused);
    await expect(read(file, { follow: true })).rejects.toMatchObject(refused);
    await writeFile(file, '{"a":1}\n{"a":2}\n');
    expect(await read()).toMatchObject({ events: 1 });
  });

  test('is none for one odd line', async () => {
    await writeFile(file, '[1, 2]\n{"a":1}\n');
    expect(await read()).toMatchObject({ events: 2 });
  });

  test('that shows only further on, is warned of when most of it was rejected', async () => {
    await writeFile(
      file,
      Buffer.from('{"a":1}\n{"a":"\xe9"}\n{"b":"\xe9"}\n{"c":"\xe9"}\n', 'latin1'),
    );
    const context = testContext();
    expect(await read(file, {}, context)).toMatchObject({
      events: 1,
      quarantined: { not_text: 3 },
    });
    expect(context.events).toContainEqual({
      type: 'warning',
      message: `most events of file:${file} were rejected: 3 of 4, mostly as not_text`,
      hint: expect.stringContaining('iconv -f latin1'),
    });
    await appendFile(
      file,
      Buffer.from('{"a":1}\n'.repeat(3) + '{"a":"\xe9"}\n'.repeat(3), 'latin1'),
    );
    const even = testContext();
    await read(file, {}, even);
    expect(even.warnings()).toEqual([]);
  });
});

describe('following', () => {
  test('lands what comes, until it is stopped', async () => {
    await writeFile(file, 'a\n');
    const stop = new AbortController();
    const following = read(file, { follow: true }, testContext(stop.signal));
    await expect.poll(bronze).toEqual(['0 0 a']);
    await appendFile(file, 'b\n');
    await expect.poll(bronze, { timeout: 5000 }).toHaveLength(2);
    stop.abort();
    expect(await following).toMatchObject({ events: 2, end: 'interrupted' });
    expect(await rowsOf(database.settings, 'select outcome from medallion.runs')).toEqual([
      'interrupted',
    ]);
  });

  test.each([
    ['rotated', 'x\ny\n'],
    ['rewritten in place with a line inserted', 'a\nx\nb\n'],
    ['rewritten in place to the same length', 'a\nB\n'],
    ['cut', 'a\n'],
  ])('goes on in the new text of a file that is %s', async (kind, text) => {
    await writeFile(file, 'a\nb\n');
    const stop = new AbortController();
    const context = testContext(stop.signal);
    const following = read(file, { follow: true }, context);
    await expect.poll(bronze).toEqual(['0 0 a', '0 1 b']);
    if (kind === 'rotated') {
      await rename(file, path.join(folder, 'old'));
    }
    await writeFile(file, text);
    const now = text.trimEnd().split('\n');
    const all = ['a', 'b', ...now];
    await expect.poll(bronze, { timeout: 5000 }).toHaveLength(all.length);
    await appendFile(file, 'more\n');
    await expect
      .poll(bronze, { timeout: 5000 })
      .toEqual([...all, 'more'].map((line, offset) => `0 ${offset} ${line}`));
    stop.abort();
    await following;
    expect(context.warnings()).toEqual([expect.stringContaining(`${file} was replaced`)]);
    expect(await read()).toMatchObject({ events: 0 });
  });
});

describe('the landing directory', () => {
  const partition = (number: number) => path.join(folder, 'landing', 'sales', `${number}.ndjson`);
  const readLanding = (options: Parameters<typeof ingestAll>[2] = {}, context = testContext()) =>
    ingestAll(openLandingReader(folder, 'sales'), database.settings, options, context);

  test('that is not there is nothing yet', async () => {
    expect(await readLanding()).toMatchObject({ events: 0, end: 'end', partitions: [] });
  });

  test('holds a partition in each file; a line waits for its newline', async () => {
    await mkdir(path.dirname(partition(0)), { recursive: true });
    await writeFile(partition(0), 'a\nb\n');
    await writeFile(partition(3), 'c\nhalf');
    await writeFile(path.join(path.dirname(partition(0)), 'notes.txt'), 'x\n');
    expect(await readLanding()).toMatchObject({ events: 3 });
    await appendFile(partition(3), ' and half\n');
    expect(await readLanding()).toMatchObject({ events: 1 });
    expect(await bronze()).toEqual(['0 0 a', '0 1 b', '3 0 c', '3 1 half and half']);
    expect(await rowsOf(database.settings, 'select distinct topic from bronze.events')).toEqual([
      'landing/sales',
    ]);
  });

  test('reads a partition that was rewritten from its beginning, the others from where they were', async () => {
    await mkdir(path.dirname(partition(0)), { recursive: true });
    await writeFile(partition(0), 'a\nb\n');
    await writeFile(partition(1), 'c\n');
    await readLanding();
    await writeFile(partition(0), 'a\nB\n');
    await appendFile(partition(1), 'd\n');
    expect(await readLanding()).toMatchObject({ events: 3 });
    expect(await bronze()).toEqual(['0 0 a', '0 1 b', '0 2 a', '0 3 B', '1 0 c', '1 1 d']);
  });

  test('with a partition that holds something else, is an input error before anything is written', async () => {
    await mkdir(path.dirname(partition(0)), { recursive: true });
    await writeFile(partition(0), 'a\n');
    await writeFile(partition(1), '[\n{"a":1},\n{"a":2}\n]\n');
    await expect(readLanding()).rejects.toMatchObject({
      code: 'input',
      message: expect.stringContaining(`${partition(1)} is one JSON array`),
    });
    expect(await bronze()).toEqual([]);
  });

  test('followed before it exists, lands partitions as they appear', async () => {
    const stop = new AbortController();
    const following = readLanding({ follow: true }, testContext(stop.signal));
    await delay(300);
    await mkdir(path.dirname(partition(0)), { recursive: true });
    await writeFile(partition(0), 'a\n');
    await expect.poll(bronze, { timeout: 5000 }).toEqual(['0 0 a']);
    await writeFile(partition(1), 'b\n');
    await expect.poll(bronze, { timeout: 5000 }).toEqual(['0 0 a', '1 0 b']);
    stop.abort();
    await following;
  });

  test('never takes more than --max-messages from all files together', async () => {
    await mkdir(path.dirname(partition(0)), { recursive: true });
    await Promise.all([0, 1, 2].map((number) => writeFile(partition(number), 'x\n'.repeat(1000))));
    expect(await readLanding({ maxRecords: 1500 })).toMatchObject({ events: 1500 });
    expect(await readLanding()).toMatchObject({ events: 1500 });
  });
});

describe('two ingests at once on one file', () => {
  test('land each line once', async () => {
    const lines = Array.from({ length: 60_000 }, (_, line) => `${line} ${'x'.repeat(500)}`);
    await writeFile(file, `${lines.join('\n')}\n`);
    const [a, b, c] = await Promise.all([read(), read(), read()]);
    expect(a.events + b.events + c.events).toBe(60_000);
    expect(await bronze()).toEqual(lines.map((line, offset) => `0 ${offset} ${line}`));
  });
});

describe('a file of CSV', () => {
  const HEADER = 'no,sku\n';
  const csv: Parameters<typeof openFileReader>[1] = {
    ...{ delimiter: ',', encoding: 'utf-8', header: true, groupBy: 'no', decimalComma: new Set() },
  };
  const readCsv = async (options: Parameters<typeof ingestAll>[2] = {}) =>
    ingestAll(await openFileReader([file], csv), database.settings, options, testContext());
  const orders = async () =>
    (await bronze()).map((row) => row.replaceAll(/^0 |"no":|"sku":|"rows":/g, ''));

  test('lands order by order, stopped in between, grown and zipped', async () => {
    const text = `${HEADER}1,a\n1,b\n2,c\n`;
    await writeFile(file, text);
    expect(await readCsv({ maxRecords: 1 })).toMatchObject({ events: 1, end: 'max-records' });
    expect(await readCsv()).toMatchObject({ events: 1 });
    expect(await readCsv()).toMatchObject({ events: 0 });
    await writeFile(file, gzipSync(`${text}3,d\n`));
    expect(await readCsv()).toMatchObject({ events: 1 });
    expect(await orders()).toEqual([
      '1 {"1",[{"1","a"},{"1","b"}]}',
      '3 {"2",[{"2","c"}]}',
      '4 {"3",[{"3","d"}]}',
    ]);
    expect(await rowsOf(database.settings, 'select next_offset from medallion.offsets')).toEqual([
      '5',
    ]);
  });

  test('lands the last order of a file that grows when the next one begins, or it ends', async () => {
    await writeFile(file, `${HEADER}1,a\n`);
    const stop = new AbortController();
    const following = ingestAll(
      await openFileReader([file], csv),
      database.settings,
      { follow: true, maxRecords: 1 },
      testContext(stop.signal),
    );
    await delay(500);
    await appendFile(file, '1,b\n');
    await delay(500);
    expect(await bronze()).toEqual([]);
    await appendFile(file, '2,c\n');
    expect(await following).toMatchObject({ events: 1 });
    expect(await readCsv()).toMatchObject({ events: 1 });
    expect(await orders()).toEqual(['1 {"1",[{"1","a"},{"1","b"}]}', '3 {"2",[{"2","c"}]}']);
  });

  test('without the column of the orders keeps the others named beside it unread, too', async () => {
    await writeFile(file, `${HEADER}1,a\n`);
    const other = path.join(folder, 'other.csv');
    await writeFile(other, 'order;sku\n1;a\n');
    const reader = await openFileReader([file, other], csv);
    await expect(ingestAll(reader, database.settings, {}, testContext())).rejects.toMatchObject({
      ...{
        code: 'input',
        message: expect.stringContaining('the header has no column no') as string,
      },
    });
    expect(await bronze()).toEqual([]);
  });
});
