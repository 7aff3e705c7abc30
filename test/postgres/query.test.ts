import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MedallionError } from '../../src/errors.ts';
import { withClient } from '../../src/postgres/client.ts';
import { query, type ResultColumn, type Row } from '../../src/postgres/query.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';

interface Answer {
  columns: readonly ResultColumn[];
  rows: Row[];
  batches: number;
  done: string | undefined;
}

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  await withClient(database.settings, async (client) => {
    await client.query(
      "create table gold.place (city text primary key, orders bigint); insert into gold.place values ('Oslo', 3)",
    );
  });
});
afterAll(() => database.drop());

async function ask(
  sql: string,
  write = false,
  signal = new AbortController().signal,
): Promise<Answer> {
  const answer: Answer = { columns: [], rows: [], batches: 0, done: undefined };
  await query(database.settings, sql, { write, signal }, async (result) => {
    answer.columns = result.columns;
    answer.done = result.done;
    for await (const rows of result.batches) {
      answer.rows.push(...rows);
      answer.batches += 1;
    }
  });
  return answer;
}

async function refusal(sql: string, write = false): Promise<MedallionError> {
  const error: unknown = await ask(sql, write).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof MedallionError)) {
    throw new Error(`not refused as expected: ${String(error)}`);
  }
  return error;
}

describe('reading', () => {
  it('names columns with their kinds and keeps values as text, digit for digit', async () => {
    const answer = await ask(
      `select 9223372036854775807::bigint as big, 0.10::numeric(18,2) as money, true as yes, null::text as none,
         '{"a":1}'::jsonb as doc, timestamptz '2026-01-03 22:12:43+01' as at, array[1,2] as list, date '2026-01-03' as day`,
    );
    expect(answer.columns).toEqual([
      { name: 'big', kind: 'number' },
      { name: 'money', kind: 'number' },
      { name: 'yes', kind: 'boolean' },
      { name: 'none', kind: 'text' },
      { name: 'doc', kind: 'json' },
      { name: 'at', kind: 'timestamp' },
      { name: 'list', kind: 'number[]' },
      { name: 'day', kind: 'text' },
    ]);
    expect(answer.rows).toEqual([
      [
        '9223372036854775807',
        '0.10',
        't',
        null,
        '{"a": 1}',
        '2026-01-03 21:12:43+00',
        '{1,2}',
        '2026-01-03',
      ],
    ]);
  });

  it('finds names in gold without a schema', async () => {
    expect((await ask('select * from place')).rows).toEqual([['Oslo', '3']]);
  });

  it('answers with the rows of the last of several statements', async () => {
    expect((await ask("select 1; set local work_mem = '5MB'; show work_mem;")).rows).toEqual([
      ['5MB'],
    ]);
  });

  it('hands over a large result in batches, every row once', async () => {
    const answer = await ask('select n from generate_series(1, 10001) as n');
    expect(answer.batches).toBeGreaterThan(1);
    expect(answer.rows.map(([n]) => Number(n))).toEqual(
      Array.from({ length: 10_001 }, (_, i) => i + 1),
    );
  });

  it('has columns but no rows for an empty result', async () => {
    expect(await ask('select city from place where false')).toMatchObject({
      columns: [{ name: 'city', kind: 'text' }],
      rows: [],
    });
  });

  it.each([
    ['explain (costs off) select 1'],
    ['show search_path'],
    ['table place'],
    ['(select 1)'],
    ['with x as (select 1) select * from x'],
    ['values (1)'],
  ])('takes %s', async (sql) => {
    expect((await ask(sql)).rows.length).toBe(1);
  });
});

describe('read-only', () => {
  it.each([
    ["insert into place values ('Rome', 1)"],
    ['with gone as (delete from place returning *) select * from gone'],
    ['create table gold.t (a int)'],
    ["do $$ begin execute 'truncate gold.place'; end $$"],
  ])('refuses %s', async (sql) => {
    const error = await refusal(sql);
    expect(error.code).toBe('input');
    expect(error.message).toMatch(/read-only transaction/);
    expect(error.hint).toBe(
      'SQLSTATE 25006. Without --write, statements can only read: add --write to change the warehouse.',
    );
    expect((await ask('select count(*) from place')).rows).toEqual([['1']]);
  });

  it.each([
    ['commit'],
    ['rollback; delete from place'],
    ['begin read write'],
    ['end'],
    ["prepare transaction 'x'"],
  ])('refuses to let go of its transaction: %s', async (sql) => {
    expect((await refusal(sql)).message).toMatch(/all statements run in one transaction/);
  });

  it.each([
    ['set transaction read write; delete from place'],
    ['set transaction_read_only = off; delete from place'],
    ["select set_config('transaction_read_only', 'off', false); delete from place"],
    ['do $$ begin commit; end $$'],
    ["do $$ begin execute 'set transaction read write'; end $$; delete from place"],
  ])('cannot be turned off: %s', async (sql) => {
    await refusal(sql);
    expect((await ask('select count(*) from place')).rows).toEqual([['1']]);
  });
});

describe('writing', () => {
  it('commits all statements, and says what the last one did', async () => {
    const answer = await ask(
      "insert into place values ('A', 1); delete from place where city in ('A', 'B')",
      true,
    );
    expect(answer).toMatchObject({ columns: [], rows: [], done: 'DELETE 1' });
    expect((await ask("insert into place values ('C', 7) returning city", true)).rows).toEqual([
      ['C'],
    ]);
    expect((await ask("select orders from place where city = 'C'")).rows).toEqual([['7']]);
  });

  it('keeps nothing when one of them fails', async () => {
    await refusal("insert into place values ('D', 1); insert into place values ('D', 1)", true);
    expect((await ask("select * from place where city = 'D'")).rows).toEqual([]);
  });
});

describe('refused SQL', () => {
  it('shows the line, with its number in the whole text, and a caret', async () => {
    const error = await refusal("select 1;\nselect\n  'é', nope\nfrom place");
    expect(error.code).toBe('input');
    expect(error.message).toBe(`column "nope" does not exist\n 3 |   'é', nope\n   |        ^`);
    expect(error.hint).toBe('SQLSTATE 42703');
  });

  it("adds the server's hint", async () => {
    const error = await refusal('select upper(1)');
    expect(error.message).toBe(
      'function upper(integer) does not exist\n 1 | select upper(1)\n   |        ^',
    );
    expect(error.hint).toMatch(/^SQLSTATE 42883\. No function matches/);
  });

  it('shows only the surroundings of a place in a long line', async () => {
    const error = await refusal(`select ${'1 + '.repeat(100)}nope${' + 1'.repeat(100)}`);
    const [, line = '', caret = ''] = error.message.split('\n');
    expect(line.length).toBeLessThan(130);
    expect(line.slice(caret.indexOf('^'))).toMatch(/^nope/);
  });

  it('fails in mid-result with the message of the server', async () => {
    const error = await refusal('select 1 / (5000 - n) from generate_series(1, 6000) as n');
    expect(error.message).toBe('division by zero');
  });

  it('says so when there is nothing to run', async () => {
    expect((await refusal(' ; -- nothing')).message).toBe('there is no SQL statement to run');
  });
});

it('gives up a running statement when interrupted', async () => {
  const controller = new AbortController();
  setTimeout(() => {
    controller.abort();
  }, 200);
  const started = Date.now();
  await expect(ask('select pg_sleep(30)', false, controller.signal)).rejects.toMatchObject({
    code: 'interrupted',
  });
  expect(Date.now() - started).toBeLessThan(10_000);
});
