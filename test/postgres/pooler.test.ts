import pg from 'pg';
import { expect, test } from 'vitest';
import type { ConnectionSettings } from '../../src/config/server.ts';
import { runCommand } from '../support/cli.ts';
import { startPgBouncer } from '../support/pgbouncer.ts';
import { testServer, urlOf, withDatabase } from '../support/postgres.ts';
import { event } from '../support/wire-event.ts';
import { withTestHome } from '../support/home.ts';
import { landEvents, rowOf } from '../support/promotion.ts';

test('a pooler in session mode is as good as the server', async () => {
  const pooler = await startPgBouncer(testServer(), 'session');
  try {
    await withTestHome((home) =>
      withDatabase(async ({ settings }) => {
        await landEvents(settings, [event()]);
        const env = { DATABASE_URL: urlOf(pooler.through(settings)), MEDALLION_HOME: home };
        for (const command of [['promote', '--dry-run'], ['promote'], ['report']]) {
          const { code, stderr } = await runCommand(command, { env });
          expect({ command, code, stderr: code === 0 ? '' : stderr }).toEqual({
            command,
            code: 0,
            stderr: '',
          });
        }
        expect(
          await rowOf(settings, 'select count(*) as events from silver.fact_transactions'),
        ).toEqual({ events: '1' });
      }),
    );
  } finally {
    await pooler.stop();
  }
});

test.each([
  ['transaction', []],
  ['transaction', ['ignore_startup_parameters = options']],
  ['transaction', ['server_round_robin = 1']],
  ['transaction', ['default_pool_size = 1']],
  ['statement', []],
] as const)(
  'a pooler in %s mode (%j) is refused at the door, and its sessions are left as they were',
  async (mode, more) => {
    const pooler = await startPgBouncer(testServer(), mode, more);
    try {
      await withTestHome((home) =>
        withDatabase(async ({ settings }) => {
          await rowOf(
            settings,
            `alter database ${pg.escapeIdentifier(settings.database)} set statement_timeout = '1h'`,
          );
          const through = pooler.through(settings);
          const env = { DATABASE_URL: urlOf(through), MEDALLION_HOME: home };
          const { code, stderr } = await runCommand(['promote'], { env });
          expect(stderr).toContain('is a connection pooler that gives a session to another client');
          expect(stderr).toContain('pool_mode = session');
          expect(code).toBe(2);
          expect(await plainly(through, 'show statement_timeout')).toEqual({
            statement_timeout: '1h',
          });
          const locks = `select count(*) as locks from pg_locks where locktype = 'advisory'
            and database = (select oid from pg_database where datname = current_database())`;
          expect(await rowOf(settings, locks)).toEqual({ locks: '0' });
        }),
      );
    } finally {
      await pooler.stop();
    }
  },
);

/** What a client of somebody else's reads. */
async function plainly(settings: ConnectionSettings, sql: string): Promise<unknown> {
  const { host, port, user, password, database } = settings;
  const client = new pg.Client({ host, port, user, database, password });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows[0];
  } finally {
    await client.end();
  }
}
