import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { csvLines, type CsvReading } from '../../../src/log/files/csv.ts';

const FORM: CsvReading['form'] = {
  ...{ delimiter: ',', encoding: 'utf-8', header: true, groupBy: 'no', decimalComma: new Set() },
};

async function read(
  text: string | Buffer,
  form: Partial<CsvReading['form']> = {},
  { grows = false, size = 7 }: { readonly grows?: boolean; readonly size?: number } = {},
): Promise<string[]> {
  const bytes = Buffer.from(text);

  function* chunks(): Generator<Buffer> {
    for (let from = 0; from < bytes.length; from += size) {
      yield bytes.subarray(from, from + size);
    }
  }
  const parts: Buffer[] = [];
  for await (const part of csvLines(
    Readable.from(chunks()),
    { form: { ...FORM, ...form }, grows },
    'orders.csv',
  )) {
    parts.push(part);
  }
  const whole = Buffer.concat(parts).toString();
  expect(whole === '' || whole.endsWith('\n')).toBe(true);
  return whole.split('\n').slice(0, -1);
}

/** The record at each line that holds one, by its number from 0. */
async function records(...args: Parameters<typeof read>): Promise<unknown[]> {
  return (await read(...args)).flatMap((line, index) =>
    line === '' ? [] : [[index, JSON.parse(line) as unknown]],
  );
}

const row = (no: string, sku: string, n = '1'): Record<string, string> => ({ no, sku, n });
const order = (no: string, ...skus: string[]): unknown => ({
  no,
  rows: skus.map((sku) => row(no, sku)),
});

describe('a file of CSV', () => {
  const ODD =
    'no,sku,n\r\n1,a,1\r\n1,"b, ""bold""",1\r\n\r\n2,"two\r\nlines",1\n2,d,1\n3,é 🙂 5" pipe,1';

  test.each([1, 2, 3, 5, 8, 1000])(
    'is one record an order, at the line of its first row, by chunks of %i bytes',
    async (size) => {
      expect(await records(ODD, {}, { size })).toEqual([
        [1, order('1', 'a', 'b, "bold"')],
        [4, order('2', 'two\r\nlines', 'd')],
        [7, order('3', 'é 🙂 5" pipe')],
      ]);
    },
  );

  test('has as many lines as it is read to', async () => {
    expect(await read(`${ODD}\n`)).toHaveLength(8);
    expect(await read(ODD)).toEqual(await read(`${ODD}\n`));
  });

  test('keeps the last order back while it grows, and begins the same when it has grown', async () => {
    const text = 'no,sku,n\n1,a,1\n1,b,1\n2,c,1\n';
    const growing = await read(text, {}, { grows: true });
    expect(growing).toHaveLength(3);
    expect((await read(`${text}3,d,1\n`)).slice(0, 3)).toEqual(growing);
    expect((await read(`${text}3,d,1\n`)).slice(0, 4)).toEqual(await read(text));
  });

  test('rejects an order that comes back, and no other', async () => {
    expect(await records('no,sku,n\n1,a,1\n2,b,1\n1,c,1\n1,d,1\n3,e,1\n')).toEqual([
      [1, order('1', 'a')],
      [2, order('2', 'b')],
      [
        3,
        {
          no: '1',
          rejected: {
            reason: 'split_order',
            detail: 'line 4: the order has rows elsewhere, from line 2 on',
          },
          lines: '1,c,1\n1,d,1\n',
        },
      ],
      [5, order('3', 'e')],
    ]);
  });

  test.each([
    ['1,b', 'line 3: 2 values, but the header has 3 columns'],
    ['1,"b" x,1', 'line 3: text after a closing quote'],
    ['1,"b,1', 'line 3: a quote that is not closed'],
    [Buffer.from('1,\xe9,1', 'latin1'), 'line 3: bytes that are not UTF-8'],
  ])('rejects an order with a row that cannot be read, whole: %s', async (broken, detail) => {
    const text = Buffer.concat([
      Buffer.from('no,sku,n\n1,a,1\n'),
      Buffer.from(broken),
      Buffer.from('\n1,c,1\n2,d,1\n'),
    ]);
    const found = (await records(text)) as [number, Record<string, unknown>][];
    expect(found[0]).toMatchObject([1, { rejected: { reason: 'undecodable', detail } }]);
    expect(found.at(-1)).toEqual([4, order('2', 'd')]);
    expect(JSON.stringify(found[0])).toMatch(/"lines":(?:"1,a,1|\{"base64")/);
    expect(found).toHaveLength(2);
  });

  test('rejects both orders beside a row that may be of either', async () => {
    const text = 'sku,no,n\na,1,1\nb\nc,2,1\nd,2,1\ne,3,1\n';
    expect((await records(text)).map((one) => JSON.stringify(one))).toEqual([
      expect.stringMatching(/^\[1,.*"no":"1","rejected":.*line 3: 1 value,.*a,1,1\\nb\\n/),
      expect.stringMatching(/^\[3,.*"no":"2","rejected":.*line 3: 1 value,.*c,2,1\\nd,2,1\\n/),
      expect.stringMatching(/^\[5,.*"no":"3","rows"/),
    ]);
  });

  test.each([
    ['with a byte order mark', Buffer.from('\uFEFFno,sku,n\n1,é,1\n'), 'utf-8'],
    ['in windows-1252', Buffer.from('no,sku,n\n1,é,1\n', 'latin1'), 'windows-1252'],
    ['in UTF-16', Buffer.from('\uFEFFno,sku,n\n1,é,1\n', 'utf16le'), 'utf-8'],
    ['in UTF-16, big-endian', Buffer.from('\uFEFFno,sku,n\n1,é,1\n', 'utf16le').swap16(), 'utf-8'],
  ])('is read %s', async (_, bytes, encoding) => {
    expect(await records(bytes, { encoding })).toEqual([[1, order('1', 'é')]]);
  });

  test('may have another delimiter, names that its source gives, and a decimal comma', async () => {
    const form = {
      ...{ delimiter: ';', header: ['no', 'sku', 'n'], decimalComma: new Set(['n']) },
    };
    expect(await records('1;1,5;2,50\n1;b;-1.234,50\n2;c;7\n3;d;1.234\n', form)).toEqual([
      [0, { no: '1', rows: [row('1', '1,5', '2.50'), row('1', 'b', '-1.234,50')] }],
      [2, { no: '2', rows: [row('2', 'c', '7')] }],
      [
        3,
        {
          no: '3',
          rejected: {
            reason: 'undecodable',
            detail: `line 4: n is "1.234", but the source says decimal: ','`,
          },
          lines: '3;d;1.234\n',
        },
      ],
    ]);
  });

  test.each([
    ['sku,n\na,1\n', 'orders.csv: the header has no column no: it is "sku, n", split at ","'],
    ['no;sku\n1;a\n', 'orders.csv: the header has no column no: it is "no;sku", split at ","'],
    ['no,sku,sku\n1,a,b\n', 'orders.csv: the header has the column "sku" twice'],
    ['x'.repeat(1_100_000), 'orders.csv: a row of more than 1 MiB'],
  ])('with other columns than its source says is an error', async (text, problem) => {
    await expect(read(text, {}, { size: 100_000 })).rejects.toThrow(problem);
  });
});
