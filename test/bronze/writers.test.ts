import { from as copyFrom } from 'pg-copy-streams';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Writers } from '../../src/bronze/writers.ts';
import { connect, withClient, type Client } from '../../src/postgres/client.ts';
import { until } from '../support/kafka.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';

const OFFSET = `insert into medallion.offsets (topic, partition, next_offset, source)
                values ('sales', 0, $1, 'kafka:a')`;

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterEach(() =>
  withClient(database.settings, (client) => client.query('truncate medallion.offsets')),
);

afterAll(() => database.drop());

/** A session in mid-transaction, with a row that others want. */
async function holder(): Promise<Client> {
  const client = await connect(database.settings);
  await client.query('begin');
  await client.query(OFFSET, [1]);
  return client;
}

/** What waits for that row, and how often it was told that a session stood still. */
function waiter(): { done: Promise<unknown>; told: () => number } {
  let told = 0;
  const writers = new Writers(database.settings, 1, {
    stalledAfterMs: 200,
    onStalled: (sessions) => (told += sessions),
  });
  const done = writers
    .use((client) => client.query(`${OFFSET} on conflict do nothing`, [2]))
    .finally(() => writers.close());
  return { done, told: () => told };
}

test('a writer frozen in mid-COPY loses its transaction to the one that waits for its row', async () => {
  const frozen = await holder();
  const copy = frozen.query(copyFrom('copy bronze.events from stdin with (format binary)'));
  const lost = new Promise<Error>((resolve) => copy.on('error', resolve));
  const { done, told } = waiter();
  await done;
  await until(() => told() === 1);
  expect((await lost).message).toMatch(/terminat/);
  const { rows } = await withClient(database.settings, (client) =>
    client.query('select next_offset from medallion.offsets'),
  );
  expect(rows).toEqual([{ next_offset: '2' }]);
});

test('one that works is waited for, however long it takes', async () => {
  const busy = await holder();
  const work = busy.query('select pg_sleep(1.2)');
  const { done, told } = waiter();
  await work;
  await busy.query('commit');
  await done;
  await busy.end();
  expect(told()).toBe(0);
  const { rows } = await withClient(database.settings, (client) =>
    client.query('select next_offset from medallion.offsets'),
  );
  expect(rows).toEqual([{ next_offset: '1' }]);
});

test('a client of somebody else is left alone', async () => {
  const other = await holder();
  await other.query("set application_name = 'psql'");
  const { done, told } = waiter();
  await until(async () => {
    const { rows } = await withClient(database.settings, (client) =>
      client.query(
        `select from pg_stat_activity
          where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0
            and query_start < clock_timestamp() - interval '600 milliseconds'`,
      ),
    );
    return rows.length > 0;
  });
  expect(told()).toBe(0);
  await other.query('rollback');
  await other.end();
  await done;
});
