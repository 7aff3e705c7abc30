import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withClient } from '../../src/postgres/client.ts';
import { runCommand, type CliResult } from '../support/cli.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';

let database: TestDatabase;
let folder: string;

beforeAll(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(path.join(tmpdir(), 'medallion-sql-'));
  await withClient(database.settings, async (client) => {
    await client.query(
      `create table gold.place (city text primary key, orders bigint, revenue numeric(38, 2));
       insert into gold.place values ('Oslo', 3, 1234.50), ('東京', 9223372036854775807, 12345678901234567890.10)`,
    );
  });
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

async function sql(args: readonly string[], input?: string): Promise<CliResult> {
  return runCommand(['sql', ...args], {
    cwd: folder,
    env: { DATABASE_URL: database.url },
    ...(input === undefined ? {} : { input }),
  });
}

const ALL = 'select * from place order by orders';

describe('medallion sql', () => {
  it('prints a table, in a pipe too', async () => {
    expect(await sql([ALL])).toMatchObject({
      code: 0,
      stderr: '',
      stdout: [
        'city               orders                  revenue',
        '────  ───────────────────  ───────────────────────',
        'Oslo                    3                  1234.50',
        '東京  9223372036854775807  12345678901234567890.10',
        '',
      ].join('\n'),
    });
  });

  it.each([
    [
      'json',
      '[\n  {"city": "Oslo", "orders": 3, "revenue": 1234.50},\n' +
        '  {"city": "東京", "orders": 9223372036854775807, "revenue": 12345678901234567890.10}\n]\n',
    ],
    [
      'csv',
      'city,orders,revenue\nOslo,3,1234.50\n東京,9223372036854775807,12345678901234567890.10\n',
    ],
    [
      'markdown',
      '| city | orders | revenue |\n| --- | ---: | ---: |\n| Oslo | 3 | 1234.50 |\n' +
        '| 東京 | 9223372036854775807 | 12345678901234567890.10 |\n',
    ],
  ])('prints %s', async (format, expected) => {
    expect(await sql([ALL, '--output', format])).toMatchObject({ code: 0, stdout: expected });
  });

  it('prints csv for spreadsheets, without a formula', async () => {
    const statement = `select '=1+1' as text, -1.50 as number, array['=1'] as list`;
    const args = [statement, '--escape-formulas'];
    expect(await sql([...args, '--output', 'csv'])).toMatchObject({
      code: 0,
      stdout: `text,number,list\n'=1+1,-1.50,{=1}\n`,
    });
    const refused = await sql([...args, '--output', 'json']);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain('--escape-formulas works only with csv');
  });

  it('reads a file, and stdin', async () => {
    const file = path.join(folder, 'question.sql');
    await writeFile(file, '\ufeffselect 1 as one;\n');
    const expected = { code: 0, stdout: 'one\n1\n', stderr: '' };
    expect(await sql(['--file', 'question.sql', '-o', 'csv'])).toMatchObject(expected);
    expect(await sql(['--file', '-', '-o', 'csv'], 'select 1 as one')).toMatchObject(expected);
    expect(await sql(['-', '-o', 'csv'], 'select 1 as one')).toMatchObject(expected);
  });

  it('refuses to write, and says how', async () => {
    expect(await sql(["delete from place where city = 'Oslo'"])).toMatchObject({
      code: 2,
      stdout: '',
      stderr:
        'error: cannot execute DELETE in a read-only transaction\n' +
        '  SQLSTATE 25006. Without --write, statements can only read: add --write to change the warehouse.\n',
    });
  });

  it('writes with --write', async () => {
    expect(await sql(['--write', "insert into place values ('Rome', 1, 2)"])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: 'INSERT 1\n',
    });
    expect((await sql(["select orders from place where city = 'Rome'", '-o', 'csv'])).stdout).toBe(
      'orders\n1\n',
    );
    expect(
      (await sql(['--write', "delete from place where city = 'Rome' returning city", '-o', 'csv']))
        .stdout,
    ).toBe('city\nRome\n');
  });

  it('shows the place of an error', async () => {
    expect(await sql(['select city,\n       nope\nfrom place'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr:
        'error: column "nope" does not exist\n 2 |        nope\n   |        ^\n  SQLSTATE 42703\n',
    });
  });

  it('prints what a server echoes without letting it drive the terminal', async () => {
    const { code, stderr } = await sql(["select '\u001b[2J'::integer"]);
    expect(code).toBe(2);
    expect(stderr).toContain(String.raw`invalid input syntax for type integer: "\x1b[2J"`);
    expect(stderr).not.toContain('\u001b');
  });

  it.each([
    [[], 'error: there is no SQL to run\n'],
    [
      ['select 1', '--file', 'x.sql'],
      'error: give SQL either as an argument or with --file, not both\n',
    ],
    [['--file', 'missing.sql'], 'missing.sql: ENOENT'],
    [['--output', 'xml', 'select 1'], "argument 'xml' is invalid"],
  ])('refuses %j', async (args, message) => {
    const result = await sql(args);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toContain(message);
    expect(result.stderr).not.toMatch(/^ {4}at /m);
  });

  it('writes a large result as it comes', async () => {
    const { code, stdout } = await sql([
      "select n, repeat('x', 100) as filler from generate_series(1, 200000) as n",
      '-o',
      'csv',
    ]);
    expect(code).toBe(0);
    expect(stdout.split('\n')).toHaveLength(200_002);
  });
});
