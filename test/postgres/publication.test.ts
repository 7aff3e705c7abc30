import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine, Session, RowFile } from '../../src/engine/engine.ts';
import { withClient } from '../../src/postgres/client.ts';
import { withRollback } from '../../src/postgres/transaction.ts';
import { Publisher } from '../../src/postgres/publisher.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { openTestEngine, rowsOf } from '../support/promotion.ts';

const VALUES = [
  { name: 'n', type: 'integer' },
  { name: 'amount', type: 'numeric(18,2)' },
  { name: 'at', type: 'timestamptz' },
  { name: 'day', type: 'date' },
  { name: 'text', type: 'text' },
];
const ROWS = `values
  (1, -0.01, timestamptz '1900-01-01 00:00:00.000001+00', date '1900-01-01', 'Köln'),
  (2, 9999999999999999.99, timestamptz '9999-12-31 23:59:59+00', date '9999-12-31', ''),
  (3, null, null, null, null)`;

let database: TestDatabase;
let engine: Engine;
let session: Session;
let folder: string;

beforeAll(async () => {
  database = await createTestDatabase();
  engine = await openTestEngine(database.settings);
  session = await engine.openSession();
  folder = await mkdtemp(path.join(tmpdir(), 'medallion-session-'));
  await rowsOf(
    database.settings,
    'create table public.landed (n integer, amount numeric(18,2), at timestamptz, day date, text text)',
  );
});

afterAll(async () => {
  await engine.close();
  await database.drop();
  await rm(folder, { recursive: true });
});

const landed = (): Promise<unknown> =>
  rowsOf(database.settings, 'select * from public.landed order by n');

function numbers(n: number): Promise<RowFile> {
  return session.writeRows(`select ${String(n)} from range(1000)`, [
    { name: 'n', type: 'integer' },
  ]);
}

describe('the rows of an engine', () => {
  test('arrive as they were', async () => {
    const publisher = await Publisher.open(database.settings);
    await publisher.transaction(async (transaction) => {
      expect(await transaction.copy(await session.writeRows(ROWS, VALUES), 'public.landed')).toBe(
        3,
      );
    });
    await publisher.close();
    expect(await landed()).toEqual([
      {
        n: '1',
        amount: '-0.01',
        at: '1900-01-01 00:00:00.000001+00',
        day: '1900-01-01',
        text: 'Köln',
      },
      {
        n: '2',
        amount: '9999999999999999.99',
        at: '9999-12-31 23:59:59+00',
        day: '9999-12-31',
        text: '',
      },
      { n: '3', amount: null, at: null, day: null, text: null },
    ]);
  });

  test('are gone when the transaction fails', async () => {
    const before = await landed();
    const publisher = await Publisher.open(database.settings);
    const failing = publisher.transaction(async (transaction) => {
      await transaction.copy(await session.writeRows(ROWS, VALUES), 'public.landed');
      await transaction.execute('select 1 / 0');
    });
    await expect(failing).rejects.toMatchObject({ code: '22012' });
    await publisher.transaction((transaction) => transaction.execute('select 1'));
    await publisher.close();
    expect(await landed()).toEqual(before);
  });
});

test('publishers have transactions side by side, each with temporary tables of its own', async () => {
  await rowsOf(database.settings, 'create table public.counted (n integer)');
  await Promise.all(
    [0, 1, 2].map(async (n) => {
      const publisher = await Publisher.open(database.settings);
      for (let round = 0; round < 4; round += 1) {
        await publisher.transaction(async (transaction) => {
          await transaction.copyTemporary(await numbers(n), 'rows');
          await transaction.execute('select pg_sleep(0.05)');
          await transaction.execute('insert into public.counted select n from pg_temp.rows');
        });
      }
      await publisher.close();
    }),
  );
  expect(
    await rowsOf(database.settings, 'select n, count(*) from public.counted group by n order by n'),
  ).toEqual([0, 1, 2].map((n) => ({ n: String(n), count: '4000' })));
});

test('transactions of one publisher come one after the other, also within one that is rolled back', async () => {
  await rowsOf(database.settings, 'create table public.ordered (n integer)');
  await withClient(database.settings, (client) =>
    withRollback(client, async () => {
      const publisher = new Publisher(client);
      const fill = (n: number): Promise<void> =>
        publisher.transaction(async (transaction) => {
          await transaction.copyTemporary(await numbers(n), 'rows');
          await transaction.execute('insert into public.ordered select n from pg_temp.rows');
        });
      const failing = publisher.transaction((transaction) => transaction.execute('select 1 / 0'));
      await Promise.all([fill(1), expect(failing).rejects.toThrow('division by zero'), fill(2)]);
      const { rows } = await client.query<{ n: string }>('select distinct n from public.ordered');
      expect(rows.map(({ n }) => n).sort()).toEqual(['1', '2']);
      await publisher.close();
    }),
  );
  expect(await rowsOf(database.settings, 'select * from public.ordered')).toEqual([]);
});
