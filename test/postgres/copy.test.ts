import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type Client } from '../../src/postgres/client.ts';
import { withTransaction } from '../../src/postgres/transaction.ts';
import { copyRows, type CopyFields } from '../../src/postgres/copy.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';

let database: TestDatabase;
let client: Client;

beforeAll(async () => {
  database = await createTestDatabase({ empty: true });
  client = await connect(database.settings);
  await client.query(
    'create table kinds (i integer, b bigint, t text, y bytea, z timestamptz); create table texts (id integer primary key, t text)',
  );
});

afterAll(async () => {
  await client.end();
  await database.drop();
});

async function copyTexts(texts: readonly (string | Uint8Array | null)[]): Promise<void> {
  const write = (row: [number, string | Uint8Array | null], fields: CopyFields): void => {
    fields.integer(row[0]);
    fields.bytes(typeof row[1] === 'string' ? Buffer.from(row[1]) : row[1]);
  };
  await client.query('truncate texts');
  await copyRows(
    client,
    { table: 'texts', columns: ['id', 't'] },
    texts.map((text, id): [number, string | Uint8Array | null] => [id, text]),
    write,
  );
}

describe('binary COPY', () => {
  test('carries every kind of field at its ends', async () => {
    const rows = [
      {
        i: -2147483648,
        b: -9223372036854775808n,
        t: '',
        y: Buffer.from([0, 255, 10, 92]),
        z: Date.UTC(2000, 0, 1),
      },
      {
        i: 2147483647,
        b: 9223372036854775807n,
        t: '\\N',
        y: Buffer.alloc(0),
        z: Date.parse('0001-01-01T00:00:00Z'),
      },
      {
        i: 0,
        b: 0n,
        t: 'tab\there',
        y: Buffer.from('x'),
        z: Date.parse('9999-12-31T23:59:59.999Z'),
      },
      {
        i: 1,
        b: 1n,
        t: 'PGCOPY\n',
        y: Buffer.from('y'),
        z: Date.parse('1969-12-31T23:59:59.999Z'),
      },
    ];
    await copyRows(
      client,
      { table: 'kinds', columns: ['i', 'b', 't', 'y', 'z'] },
      rows,
      (row, fields) => {
        fields.integer(row.i);
        fields.bigint(row.b);
        fields.text(row.t);
        fields.bytes(row.y);
        fields.timestamp(row.z);
      },
    );
    const { rows: read } = await client.query({
      text: "select i, b, t, encode(y, 'hex'), z at time zone 'UTC' from kinds",
      rowMode: 'array',
    });
    expect(read).toEqual([
      ['-2147483648', '-9223372036854775808', '', '00ff0a5c', '2000-01-01 00:00:00'],
      ['2147483647', '9223372036854775807', '\\N', '', '0001-01-01 00:00:00'],
      ['0', '0', 'tab\there', '78', '9999-12-31 23:59:59.999'],
      ['1', '1', 'PGCOPY\n', '79', '1969-12-31 23:59:59.999'],
    ]);
  });

  test('carries texts byte for byte, of every size up to 8 MB', async () => {
    const texts = [
      'plain',
      '"quotes" \\ and \\n',
      'a\r\nb\u2028c\u0001\u007f',
      'Ünïcödé ß 日本語 ١٢٣ ‏עברית',
      '🙂👩‍👩‍👧‍👦🇩🇪',
      'e\u0301 and \u00e9',
      '\uffff\ufeff\u{10ffff}',
      'ä'.repeat(4 << 20),
      ...Array.from({ length: 300 }, (_, n) => 'z'.repeat(n * 37)),
      ...[255, 256, 257].map((kb) => 'k'.repeat(kb * 1024)),
    ];
    await copyTexts([...texts, null]);
    const { rows } = await client.query<{ digest: string | null }>(
      "select encode(sha256(convert_to(t, 'UTF8')), 'hex') as digest from texts order by id",
    );
    const digestOf = (text: string) => createHash('sha256').update(text).digest('hex');
    expect(rows.map(({ digest }) => digest)).toEqual([...texts.map(digestOf), null]);
  });

  test('of no rows is nothing', async () => {
    await copyTexts([]);
    expect((await client.query('select from texts')).rowCount).toBe(0);
  });

  test.each([
    ['a text that the server refuses', [Buffer.from([0xff])], '22021'],
    [
      'much data after a refused row',
      [Buffer.from([0xff]), ...Array.from({ length: 200 }, () => 'x'.repeat(100_000))],
      '22021',
    ],
  ])('%s rolls back, and the connection stays good', async (_, texts, code) => {
    await client.query('truncate texts');
    await expect(
      withTransaction(client, () => copyTexts(['first', ...texts])),
    ).rejects.toMatchObject({ code });
    expect((await client.query('select from texts')).rowCount).toBe(0);
    await copyTexts(['again']);
    expect((await client.query<{ t: string }>('select t from texts')).rows).toEqual([
      { t: 'again' },
    ]);
  });

  test('an error of the program while it encodes rolls back, and the connection stays good', async () => {
    await client.query('truncate texts');
    const failing = withTransaction(client, () =>
      copyRows(
        client,
        { table: 'texts', columns: ['id', 't'] },
        Array.from({ length: 20_000 }, (_, n) => n),
        (n, fields) => {
          if (n === 15_000) {
            throw new Error('a defect');
          }
          fields.integer(n);
          fields.text('x'.repeat(100));
        },
      ),
    );
    await expect(failing).rejects.toThrow('a defect');
    await copyTexts(['again']);
    expect((await client.query('select from texts')).rowCount).toBe(1);
  });

  test('a connection that ends in the middle is an error, not a wait', async () => {
    const doomed = await connect(database.settings);
    const { rows } = await doomed.query<{ pid: string }>('select pg_backend_pid() as pid');
    let written = 0;
    let terminated: Promise<unknown> | undefined;
    const copying = copyRows(
      doomed,
      { table: 'texts', columns: ['id', 't'] },
      Array.from({ length: 50_000 }, (_, n) => n),
      (n, fields) => {
        written = n;
        if (n === 20_000) {
          terminated = client.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
        }
        fields.integer(1_000_000 + n);
        fields.text('x'.repeat(2000));
      },
    );
    await expect(copying).rejects.toThrow();
    expect(written).toBeGreaterThanOrEqual(20_000);
    await terminated;
    await doomed.end();
  });
});
