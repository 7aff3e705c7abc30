import { describe, expect, test } from 'vitest';
import { connect, withClient } from '../../src/postgres/client.ts';
import { describeServer } from '../../src/config/server.ts';
import { withTransaction } from '../../src/postgres/transaction.ts';
import { testServer, withDatabase } from '../support/postgres.ts';

test('results are text, digit for digit, in UTC', async () => {
  await withClient(testServer(), async (client) => {
    const { rows } = await client.query(
      `select 9007199254740993::bigint as big, 0.10::numeric(18, 2) as amount, true as yes, null as nothing,
              timestamptz '2026-01-03 23:30:00-02' as time, date '2026-01-03' as day`,
    );
    expect(rows).toEqual([
      {
        big: '9007199254740993',
        amount: '0.10',
        yes: 't',
        nothing: null,
        time: '2026-01-04 01:30:00+00',
        day: '2026-01-03',
      },
    ]);
  });
});

describe('withTransaction', () => {
  test('keeps all of the work, or none of it', async () => {
    await withDatabase(
      async ({ settings }) => {
        await withClient(settings, async (client) => {
          await client.query('create table t (n integer)');
          const returned = await withTransaction(client, async () => {
            await client.query('insert into t values (1)');
            return 'done';
          });
          expect(returned).toBe('done');
          const failing = withTransaction(client, async () => {
            await client.query('insert into t values (2)');
            throw new Error('half way');
          });
          await expect(failing).rejects.toThrow('half way');
          expect((await client.query('select n from t')).rows).toEqual([{ n: '1' }]);
        });
      },
      { empty: true },
    );
  });
});

describe('withClient', () => {
  test('closes its connection when the work fails, and passes the failure on', async () => {
    await withDatabase(async ({ settings }) => {
      let pid = '';
      const failing = withClient(settings, async (client) => {
        pid =
          (await client.query<{ pid: string }>('select pg_backend_pid() as pid')).rows[0]?.pid ??
          '';
        throw new Error('the work failed');
      });
      await expect(failing).rejects.toThrow('the work failed');
      const left = await withClient(testServer(), async (client) => {
        await client.query('select pg_sleep(0.05)');
        return (await client.query('select 1 from pg_stat_activity where pid = $1', [pid]))
          .rowCount;
      });
      expect(left).toBe(0);
    });
  });

  test('a connection that the server ends in mid-work is unreachable, and may succeed later', async () => {
    await withDatabase(async ({ settings }) => {
      const killed = withClient(settings, (client) =>
        client.query('select pg_terminate_backend(pg_backend_pid())'),
      );
      await expect(killed).rejects.toMatchObject({ code: 'unreachable', retriable: true });
    });
  });
});

test('a connection that breaks while idle does not end the process', async () => {
  const client = await connect(testServer());
  const { rows } = await client.query<{ pid: string }>('select pg_backend_pid() as pid');
  await withClient(testServer(), (other) =>
    other.query('select pg_terminate_backend($1)', [rows[0]?.pid]),
  );
  await expect(client.query('select pg_sleep(1)')).rejects.toThrow();
  await client.end().catch(() => undefined);
});

test('a server is named without its password', () => {
  const settings = { ...testServer(), password: 'a-secret' };
  expect(describeServer(settings)).toBe(
    `${settings.host}:${String(settings.port)}/${settings.database}`,
  );
});
