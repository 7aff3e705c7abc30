import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parseConfig } from '../../src/config.ts';
import { openDuckDb } from '../../src/engine/duckdb/engine.ts';
import { withClient } from '../../src/postgres/client.ts';
import { testServer, withDatabase } from '../support/postgres.ts';
import { openTestEngine, quietContext, rowsOf } from '../support/promotion.ts';

test('an engine whose warehouse is lost in mid-read says so, and closes', async () => {
  await withDatabase(async ({ settings }) => {
    const engine = await openTestEngine(settings);
    const session = await engine.openSession();
    const losing = session.openInput({ id: 'silver.slow', sql: 'select pg_sleep(60)', keep: true });
    const outcome = expect(losing).rejects.toMatchObject({
      code: 'unreachable',
      retriable: true,
      message: expect.stringMatching(/^lost PostgreSQL during the promotion: [^"\n]+$/) as string,
    });
    await withClient(settings, async (client) => {
      for (let ended = 0; ended === 0;) {
        const { rows } = await client.query(
          `select pg_terminate_backend(pid) from pg_stat_activity
           where datname = current_database() and pid <> pg_backend_pid() and query like '%pg_sleep(60)%'`,
        );
        ended = rows.length;
      }
    });
    await outcome;
    await engine.close();
  });
});

test('an engine for which the server has too few connections says so', async () => {
  const role = `few_${randomBytes(6).toString('hex')}`;
  await withDatabase(async ({ settings }) => {
    await withClient(settings, (client) =>
      client.query(`create role ${role} login password 'sesame' connection limit 1`),
    );
    const engine = await openTestEngine({ ...settings, user: role, password: 'sesame' });
    const [one, other] = [await engine.openSession(), await engine.openSession()];
    const slow = one.openInput({ id: 'silver.one', sql: 'select 1 as n, pg_sleep(2)', keep: true });
    await expect
      .poll(() => rowsOf(settings, `select from pg_stat_activity where usename = '${role}'`))
      .toHaveLength(1);
    const crowded = other.openInput({ id: 'silver.one', sql: 'select 1 as n', keep: true });
    await expect(crowded).rejects.toMatchObject({
      code: 'unreachable',
      retriable: true,
      message: `no connection to PostgreSQL is left for the promotion: too many connections for role "${role}"`,
    });
    await slow;
    await engine.close();
  });
  await withClient(testServer(), (client) => client.query(`drop role ${role}`));
});

test('an engine that cannot be opened leaves no folder behind', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'medallion-unopened-'));
  const spillDirectory = path.join(folder, 'spill');
  const opening = openDuckDb(
    {
      warehouse: testServer(),
      duckdb: parseConfig({}, { MEDALLION_DUCKDB_EXTENSION: path.join(folder, 'none') }, folder)
        .duckdb,
      ...{ memoryLimit: '400MB', threads: 1, spillDirectory },
    },
    quietContext(),
  );
  try {
    await expect(opening).rejects.toMatchObject({ code: 'config' });
    expect(existsSync(spillDirectory)).toBe(false);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('an engine that serves again keeps no file of the promotion before', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'medallion-again-'));
  const { duckdb } = parseConfig({}, process.env, process.cwd());
  const engine = await openDuckDb(
    {
      ...{ warehouse: testServer(), duckdb, memoryLimit: '400MB', threads: 1 },
      spillDirectory: path.join(folder, 'spill'),
    },
    quietContext(),
  );
  try {
    for (let promotion = 0; promotion < 2; promotion += 1) {
      const session = await engine.openSession();
      await session.openInput({ id: 'silver.one', sql: 'select 1 as n', keep: true });
      await session.cache('ones', 'select * from silver.one');
      await session.writeRows('select * from silver.one', [{ name: 'n', type: 'integer' }]);
      await session.openInput({ id: 'silver.cached', cached: 'ones', keep: false });
      expect(await session.query('select count(*) as n from silver.cached')).toEqual([{ n: '1' }]);
      await engine.reset();
      expect(await readdir(path.join(folder, 'spill'))).toEqual([]);
    }
  } finally {
    await engine.close();
    await rm(folder, { recursive: true });
  }
});
